// The target of a move. move_core.hpp describes the protocol. Pure.
#pragma once

#include "cluster/move/core/move_core.hpp"

namespace millrace::moves {

/// Chunks of `attempt` below `stored` are durable in the staging file.
[[nodiscard]] Effects chunk_stored(Shard& shard, const pb::MoveAttempt& attempt,
                                   std::uint64_t stored);

/// The check of the staging file of `attempt` ended; `failure` is nullopt if it can be opened.
[[nodiscard]] Effects prepared(Shard& shard, const pb::MoveAttempt& attempt,
                               const std::optional<Error>& failure);

// Steps that the source, node `from`, sent.
[[nodiscard]] Effects on_chunk(Shard& shard, const std::string& from,
                               const pb::MoveAttempt& attempt, const pb::MoveChunk& chunk);
[[nodiscard]] Effects on_commit(Shard& shard, const std::string& from,
                                const pb::MoveAttempt& attempt, const pb::Seal& seal);
[[nodiscard]] Effects on_cancel(Shard& shard, const std::string& from,
                                const pb::MoveAttempt& attempt);

}  // namespace millrace::moves
