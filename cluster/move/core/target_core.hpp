// The side that receives a shard. See handover_core.hpp for the whole.
#pragma once

#include "cluster/move/core/move_core.hpp"

namespace millrace::moves {

/// Chunks of `attempt` below `stored` are durable in the staging file.
[[nodiscard]] Effects chunk_stored(Shard& shard, const pb::MoveAttempt& attempt,
                                   std::uint64_t stored);

/// The staging file of `attempt` can be opened; or cannot, for `failure`.
[[nodiscard]] Effects prepared(Shard& shard, const pb::MoveAttempt& attempt,
                               const std::optional<Error>& failure);

// Steps of the source `from`.
[[nodiscard]] Effects on_chunk(Shard& shard, const std::string& from,
                               const pb::MoveAttempt& attempt, const pb::MoveChunk& chunk);
[[nodiscard]] Effects on_commit(Shard& shard, const std::string& from,
                                const pb::MoveAttempt& attempt, const pb::Seal& seal);
[[nodiscard]] Effects on_cancel(Shard& shard, const std::string& from,
                                const pb::MoveAttempt& attempt);

}  // namespace millrace::moves
