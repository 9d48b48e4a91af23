// HandedOut: the leases that workers of an external stage hold, by the token that names each to its
// worker. Pure.
//
//     add ──▶ held ──begin()──▶ settling ──end(durable)──▶ finished, remembered for a while
//              │                   └───────end(refused)──▶ gone
//              └── take(), forget_ended(): released, or its time is over
#pragma once

#include <cstddef>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/queue/decide/dispatch.hpp"

namespace millrace::receivers {

class HandedOut {
 public:
  /// Finished leases that are remembered, at most.
  static constexpr std::size_t finished_max = 100'000;

  struct Held {
    queues::QueueNumber queue = 0;
    queues::Grant grant{};
    SteadyUs until_us = 0;
    SteadyUs began_us = 0;
    std::uint64_t session = 0;  ///< see Wait::session
    bool is_settling = false;
  };

  /// Of a token that is given with an outcome.
  enum class Standing : std::uint8_t { held, settling, finished, unknown };

  /// REQUIRES: `token` was never added.
  void add(std::string token, Held held);
  [[nodiscard]] Standing standing(const std::string& token) const;
  /// Null: the token is not held. Valid until the next call that changes this object.
  [[nodiscard]] Held* find(const std::string& token);

  /// An outcome of the lease is on its way. REQUIRES: it is held, and not settling.
  void begin(const std::string& token);
  /// The token of the lease; empty: nobody holds it.
  [[nodiscard]] std::string token_of(queues::QueueNumber queue, queues::LeaseId lease) const;
  /// The outcome is durable, or was refused. REQUIRES: the token is held.
  void end(const std::string& token, bool is_durable, SteadyUs now_us);
  /// Removes a lease that is held and not settling, and returns it.
  [[nodiscard]] std::optional<Held> take(const std::string& token);
  /// Tokens of the leases of a queue.
  [[nodiscard]] std::vector<std::string> held_of(queues::QueueNumber queue) const;
  /// Tokens of the leases of a session, which is not 0. Looks at all leases.
  [[nodiscard]] std::vector<std::string> held_in(std::uint64_t session) const;
  /// Forgets leases of a queue that has moved; returns their tokens.
  [[nodiscard]] std::vector<std::string> drop(queues::QueueNumber queue);

  /// Forgets leases whose time is over, and finished ones after `remembered_us`.
  void forget_ended(SteadyUs now_us);
  /// For how long finished leases are remembered.
  void set_remembered(DurationUs remembered_us) { remembered_us_ = remembered_us; }
  [[nodiscard]] std::size_t size() const { return held_.size(); }

 private:
  struct Finished {
    SteadyUs at_us;
    std::string token;
  };

  std::unordered_map<std::string, Held> held_;
  std::map<std::pair<queues::QueueNumber, queues::LeaseId>, std::string> tokens_;  ///< of held_
  std::unordered_map<std::string, SteadyUs> finished_;
  std::deque<Finished> finished_order_;
  DurationUs remembered_us_ = 60'000'000;
};

}  // namespace millrace::receivers
