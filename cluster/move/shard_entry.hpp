// ShardEntry: the MoveService's state of one shard of one role.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "actors/base/time.hpp"
#include "actors/move/shard_moves.hpp"
#include "cluster/move/chunk_spool.hpp"
#include "cluster/move/core/founding_core.hpp"
#include "cluster/move/core/move_core.hpp"
#include "cluster/placement/shard_name.hpp"
#include "messages/result.hpp"

namespace millrace::moves {

struct ShardEntry {
  MovingShard shard{};
  moves::Shard core{};
  std::shared_ptr<ChunkSpool> spool{};
  Wait wait{};
  pb::Seal seal{};                   ///< of the chunks in `spool`
  std::set<std::uint64_t> staged{};  ///< indices of durable chunks of the incoming move
  std::optional<Error> cause{};      ///< why the move failed, or why the target declines
  std::function<void(Result<void>)> done{};
  SteadyUs began_us = 0;
  std::uint64_t progress = 0;  ///< chunks at the target when their number last changed
  SteadyUs progress_us = 0;    ///< time of that change

  [[nodiscard]] std::string name() const {
    return placement::ShardName{shard.role, shard.shard}.text();
  }

  /// Whether a move of the shard to another node is in progress or its outcome is unknown.
  [[nodiscard]] bool is_leaving() const { return core.outgoing || core.record.has_offered(); }

  /// Whether the shard has an owner, does not move, and no record of it is being written.
  [[nodiscard]] bool is_at_rest() const {
    return core.record.ownership().epoch() > 0 && !core.writing && !core.incoming && !is_leaving();
  }

  /// Whether the target of a move that is not fenced has stored no chunk for `patience_us`. Call
  /// periodically: each call samples the progress.
  [[nodiscard]] bool is_stuck(SteadyUs now_us, DurationUs patience_us) {
    const bool is_sending = core.outgoing && core.outgoing->seal.chunks() > 0 && !core.writing;
    const std::uint64_t chunks = is_sending ? core.outgoing->reported : 0;
    if (!is_sending || chunks != progress) {
      progress = chunks;
      progress_us = now_us;
    }
    return now_us - progress_us > patience_us;
  }

  /// Whether `attempt` is moving the shard to another node.
  [[nodiscard]] bool is_leaving_by(const pb::MoveAttempt& attempt) const {
    return core.outgoing && moves::same(core.outgoing->attempt, attempt);
  }
};

/// Returns the seal of the quiesced queues. The export adds chunks and digest.
[[nodiscard]] inline pb::Seal seal_of(const QuiescedShard& quiesced) {
  pb::Seal seal;
  for (const QuiescedShard::Queue& queue : quiesced.queues) {
    pb::Seal::Boundary& boundary = *seal.add_boundary();
    boundary.set_queue(queue.member.declaration.number());
    boundary.set_last(queue.last);
    boundary.set_duplicates(queue.duplicates);
  }
  return seal;
}

}  // namespace millrace::moves
