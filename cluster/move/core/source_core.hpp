// The side that gives a shard away. See handover_core.hpp for the whole.
#pragma once

#include "cluster/move/core/move_core.hpp"

namespace millrace::moves {

/// Begins to move the shard to `target`. `attempt` is higher than in any attempt of this node
/// before: the wall clock in microseconds will do. Fails with `not_owner`, `draining` when it is
/// being moved already, `invalid_argument` when the target is this node or has no name.
[[nodiscard]] Result<Effects> start_move(Shard& shard, const std::string& target,
                                         std::uint64_t attempt);

/// Everything of the shard is durable, at rest and cut into chunks, at least one.
[[nodiscard]] Effects quiesced(Shard& shard, const pb::MoveAttempt& attempt, const pb::Seal& seal);

/// Gives the move up, unless the target has taken over already. Serves again at once when it is
/// not fenced yet, else when the target has answered.
[[nodiscard]] Effects cancel_move(Shard& shard);

// Answers of the target.
[[nodiscard]] Effects on_stored(Shard& shard, const pb::MoveAttempt& attempt, std::uint64_t stored);
[[nodiscard]] Effects on_ready(Shard& shard, const pb::MoveAttempt& attempt);
[[nodiscard]] Effects on_declined(Shard& shard, const pb::MoveAttempt& attempt);
[[nodiscard]] Effects on_outcome(Shard& shard, const pb::MoveAttempt& attempt,
                                 pb::MoveOutcome outcome);

/// Asks again for what is missing.
[[nodiscard]] Effects retry_source(Shard& shard);

}  // namespace millrace::moves
