// Recollection: what the queues of a node remember of the outboxes of other nodes, and its own
// outboxes of the queues of other nodes. By this a node finds out whether its data directory is
// older than another one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

struct Recollection {
  /// An outbox of this node.
  struct Outbox {
    std::string queue;  ///< to which it forwards
    std::uint32_t shard = 0;
    std::string producer;
    std::uint64_t base = 0;   ///< the target has said that numbers up to this are durable
    std::uint64_t began = 0;  ///< its numbers began after this, as far as is known
    std::uint64_t last = 0;   ///< last number that was given out
    std::vector<OutboxGeneration> generations{};  ///< oldest first; empty: of an older version
  };
  /// The session of an outbox at a queue of this node.
  struct Session {
    std::string queue;
    std::uint32_t shard = 0;
    std::string producer;
    std::uint64_t last = 0;  ///< last number that is durable
    std::uint64_t generation = 0;
  };

  std::vector<Outbox> outboxes{};
  std::vector<Session> sessions{};
};

/// Adds what the queue remembers; nothing of a staged queue. `queue`: its name, or that of its target
/// if it is an outbox. REQUIRES: the queue is declared.
void recollect(const State& state, const std::string& queue, Recollection& into);

}  // namespace millrace::queues
