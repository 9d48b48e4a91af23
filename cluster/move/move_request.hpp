// Checks of a move request before the move starts.
#pragma once

#include <string>

#include "cluster/move/shard_table.hpp"
#include "cluster/placement/shard_name.hpp"
#include "cluster/transport/transport.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace::moves {

/// Checks that `shard` may move to `to`. Fails with `not_found` (no such shard, or no queues in
/// it), `invalid_argument` (`to` may not serve the shard) or `unreachable` (no link to `to`).
[[nodiscard]] Result<void> may_move(const ShardTable& table, const transport::Transport& transport,
                                    const placement::ShardName& shard, const std::string& to);

/// Returns the answer to a step for a shard that is not configured at this node.
[[nodiscard]] pb::MoveStep declined_unknown(const pb::MoveAttempt& attempt);

}  // namespace millrace::moves
