// The side that receives a shard. See handover_core.hpp for the whole.
#pragma once

#include "cluster/move/core/move_core.hpp"

namespace millrace::placement {

/// Chunks of `transfer` below `stored` are durable in the staging file.
[[nodiscard]] Effects chunk_stored(Shard& shard, const pb::Transfer& transfer,
                                   std::uint64_t stored);

/// The staging file of `transfer` can be opened; or cannot, for `failure`.
[[nodiscard]] Effects prepared(Shard& shard, const pb::Transfer& transfer,
                               const std::optional<Error>& failure);

// Steps of the source `from`.
[[nodiscard]] Effects on_chunk(Shard& shard, const std::string& from, const pb::Transfer& transfer,
                               const pb::MoveChunk& chunk);
[[nodiscard]] Effects on_commit(Shard& shard, const std::string& from, const pb::Transfer& transfer,
                                const pb::Seal& seal);
[[nodiscard]] Effects on_cancel(Shard& shard, const std::string& from,
                                const pb::Transfer& transfer);

}  // namespace millrace::placement
