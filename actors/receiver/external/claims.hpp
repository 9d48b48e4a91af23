// Claims: which waiting worker of an external stage gets messages of which queue. Pure.
//
// A worker that waits is demand: a queue is asked for messages only in the name of one wait, and for
// no more than that wait still takes, so that no message is leased to nobody.
//
//     add ──▶ wait ──next_orders()──▶ claim of one queue ──on_granted / on_claimed──┐
//              ▲                                                                    │
//              ├──── no queue has anything: until on_ready(), expire() or cancel() ◀┤
//              └──── another queue may have more ◀──────────────────────────────────┤
//                                           take_done() ◀── enough, or none has more┘
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/queue/decide/dispatch.hpp"

namespace millrace::receivers {

/// Bytes of keys, bodies and states after which a wait takes no more.
constexpr std::size_t wait_bytes_max = 4u << 20;

/// Number of a wait; never used again.
using WaitId = std::uint64_t;

/// A worker asks for messages.
struct Wait {
  WaitId id = 0;
  std::uint32_t max = 1;    ///< messages, at least 1
  DurationUs lease_us = 0;  ///< 0: as the queue has it
  SteadyUs until_us = 0;    ///< then it ends without any
  /// Leases of the wait end with this session of the worker; 0: with their time alone.
  std::uint64_t session = 0;
};

/// A lease that a wait has got.
struct Granted {
  queues::QueueNumber queue = 0;
  queues::Grant grant;
};

/// A wait that has ended.
struct DoneWait {
  WaitId id = 0;
  std::vector<Granted> granted;  ///< empty: its time is over
};

/// Claim `max` messages of a queue.
struct ClaimOrder {
  queues::QueueNumber queue = 0;
  std::uint32_t max = 0;
  DurationUs lease_us = 0;
};

class Claims {
 public:
  void add_source(queues::QueueNumber queue) { sources_.try_emplace(queue); }
  /// The queue has moved, and its leases have ended.
  void drop_source(queues::QueueNumber queue);

  void add(const Wait& wait) { waits_.push_back({.wait = wait}); }
  /// The worker does not wait any more. Returns what it had got.
  [[nodiscard]] std::vector<Granted> cancel(WaitId id);
  /// Ends the waits whose time is over and that have no claim; see take_done().
  void expire(SteadyUs now_us);
  /// When the next wait ends. Empty: none waits.
  [[nodiscard]] std::optional<SteadyUs> next_end_us() const;

  /// Claims to be made now.
  [[nodiscard]] std::vector<ClaimOrder> next_orders();
  /// Returns the leases that nobody waits for.
  [[nodiscard]] std::vector<Granted> on_granted(queues::QueueNumber queue,
                                                const std::vector<queues::Grant>& grants);
  void on_claimed(queues::QueueNumber queue, bool has_more);
  void on_ready(queues::QueueNumber queue);

  /// The waits that have ended, each once, in the order in which they were added.
  [[nodiscard]] std::vector<DoneWait> take_done();

  [[nodiscard]] std::size_t waiting() const { return waits_.size(); }

 private:
  struct Source {
    bool may_have = true;                 ///< false: its last claim found no more
    std::optional<WaitId> claimed_for{};  ///< of a wait that may be gone
  };
  struct Entry {
    Wait wait;
    std::vector<Granted> granted{};
    std::uint32_t messages = 0;
    std::size_t bytes = 0;
    bool is_claiming = false;
    bool is_done = false;
    void add(const queues::Grant& grant);
  };

  [[nodiscard]] Entry* find(WaitId id);
  [[nodiscard]] std::optional<queues::QueueNumber> free_source() const;
  static bool is_full(const Entry& entry) {
    return entry.messages >= entry.wait.max || entry.bytes >= wait_bytes_max;
  }

  std::map<queues::QueueNumber, Source> sources_;
  std::deque<Entry> waits_;
  queues::QueueNumber last_claimed_ = 0;  ///< queues take turns
};

}  // namespace millrace::receivers
