// Dispatch: leases ready messages to receivers. Leases are not logged.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

struct GrantedMessage {
  Sequence sequence = 0;
  std::uint32_t failed = 0;
  std::uint32_t acquired = 0;
  Body body;
  bool runs_alone = false;     ///< no other suspect of the node may be handled at the same time
  bool was_postponed = false;  ///< or has failed: it has been handled since it was first ready
};

/// A lease as it is sent to its receiver.
struct Grant {
  ReceiverId receiver = 0;
  LeaseId lease = 0;
  SteadyUs deadline_us = 0;
  std::shared_ptr<const std::string> state;  ///< of the key; null: none
  std::vector<GrantedMessage> messages;      ///< consecutive messages of a key, or one without key
};

struct Dispatch {
  std::vector<Grant> grants;
  /// Leases of `nobody`, one message each, for decide_give_up(): expired, poison, or acquired too often.
  std::vector<LeaseId> give_up;
  bool needs_bodies = false;  ///< dispatch stopped at a message on disk: see wanted_bodies()
  bool needs_states =
      false;  ///< dispatch stopped at a key that is not resident: see wanted_states()
};

/// Whether keys may become dirty: false until enough of those that are were written.
[[nodiscard]] inline bool has_room_for_keys(const State& state) {
  return state.durable.keyed.dirty_bytes() <= 2 * state.limits.state_cache_bytes;
}

/// Whether dispatch() may lease anything, whatever is ready. False while a downstream queue is above
/// its high water or the queue drains, unless it is an outbox; and while the queue is quiesced, or the
/// log or the store of keys has no room for outcomes.
[[nodiscard]] bool may_lease(const State& state);

/// The claims that have ended by `dispatched`, the last result of dispatch().
struct ClaimsEnded {
  std::vector<ReceiverId> all;   ///< got all that they asked for: more may be ready
  std::vector<ReceiverId> some;  ///< got less: nothing more is ready
  std::vector<ReceiverId>
      ready;  ///< no claim, but something is ready again for who got less before
};

/// Ends the claims that cannot get more now, and takes the receivers that are to be told that
/// something is ready.
[[nodiscard]] ClaimsEnded end_claims(State& state, const Dispatch& dispatched);

/// Leases ready messages to receivers with demand, up to Limits::in_flight, if may_lease().
[[nodiscard]] Dispatch dispatch(State& state, Now now);

/// The next keys whose values are not in memory, of messages that are: at most `max`, the one at which
/// dispatch() stopped among them.
[[nodiscard]] std::vector<std::string> wanted_states(const State& state, std::size_t max);

/// A body to be read from the log.
struct WantedBody {
  Sequence sequence = 0;
  logs::Place place{};
  std::uint32_t index = 0;
};

/// Size of one read: it ends with the message that reaches this.
constexpr std::size_t read_bytes_max = 4u << 20;

/// The next ready messages whose bodies are not in memory: at most `max`, and `read_bytes_max`, in
/// the order of the log.
[[nodiscard]] std::vector<WantedBody> wanted_bodies(const State& state, std::size_t max);

}  // namespace millrace::queues
