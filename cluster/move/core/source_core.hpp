// The source of a move. move_core.hpp describes the protocol. Pure.
#pragma once

#include "cluster/move/core/move_core.hpp"

namespace millrace::moves {

/// Returns the lowest number of an attempt of the start of a node that has this incarnation. It is
/// higher than the first 1,023 numbers of every earlier start; since an incarnation is durable and
/// grows with each start, whatever the clock says, a target never takes a new attempt for one that it
/// has refused. Also higher than numbers of earlier versions, wall clock microseconds, as an
/// incarnation is not below the wall clock. REQUIRES: incarnation < 2^54.
[[nodiscard]] std::uint64_t first_attempt(std::uint64_t incarnation);

/// Starts a move of the shard to node `target`. The number of the attempt is at least `attempt`,
/// first_attempt() of this start, and above the numbers of all attempts since then. Fails with `not_owner`, `draining` (a
/// move is in progress) or `invalid_argument` (`target` is this node or empty).
[[nodiscard]] Result<Effects> start_move(Shard& shard, const std::string& target,
                                         std::uint64_t attempt);

/// The shard is quiesced and exported. Requires seal.chunks() >= 1.
[[nodiscard]] Effects quiesced(Shard& shard, const pb::MoveAttempt& attempt, const pb::Seal& seal);

/// Cancels the move, unless the target has installed. An unfenced source serves again at once; a
/// fenced source waits for the target's REFUSED or INSTALLED.
[[nodiscard]] Effects cancel_move(Shard& shard);

// Answers of the target.
[[nodiscard]] Effects on_stored(Shard& shard, const pb::MoveAttempt& attempt, std::uint64_t stored);
[[nodiscard]] Effects on_ready(Shard& shard, const pb::MoveAttempt& attempt);
[[nodiscard]] Effects on_declined(Shard& shard, const pb::MoveAttempt& attempt);
[[nodiscard]] Effects on_outcome(Shard& shard, const pb::MoveAttempt& attempt,
                                 pb::MoveOutcome outcome);

/// Sends the last unanswered step again.
[[nodiscard]] Effects retry_source(Shard& shard);

}  // namespace millrace::moves
