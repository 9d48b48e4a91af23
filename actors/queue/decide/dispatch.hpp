// Dispatch: which waiting messages go to which receiver. Volatile: nothing of it is logged.
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
};

/// A lease as the receiver gets it.
struct Grant {
  ReceiverId receiver = 0;
  LeaseId lease = 0;
  TimeUs deadline_us = 0;
  std::shared_ptr<const std::string> state;  ///< of the key; null: none
  std::vector<GrantedMessage> messages;      ///< consecutive ones of a key, or one without
};

struct Dispatch {
  std::vector<Grant> grants;
  /// Messages that must not run: expired, or acquired too often. Held by leases of nobody, for
  /// decide_give_up().
  std::vector<LeaseId> give_up;
  bool needs_bodies = false;  ///< the next message lies on disk: see wanted_bodies()
};

/// Hands waiting messages to receivers with demand, up to the limits. Stops while a downstream
/// queue is above its high water or the queue is draining, unless it is an outbox; and while the
/// log's room is exhausted or the queue is quiesced.
[[nodiscard]] Dispatch dispatch(State& state, TimeUs now_us);

/// A body to be read from the log.
struct WantedBody {
  Sequence sequence = 0;
  journal::Place place{};
  std::uint32_t index = 0;
};

/// Bodies that one read brings in, about: it ends with the message that passes this.
constexpr std::size_t read_bytes_max = 4u << 20;

/// The next messages in line whose bodies are not in memory, at most `max` of them and
/// `read_bytes_max`, in the order of the log.
[[nodiscard]] std::vector<WantedBody> wanted_bodies(const State& state, std::size_t max);

}  // namespace millrace::queues
