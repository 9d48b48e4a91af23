// What can be said to the wish to move a shard before anything is done.
#pragma once

#include <string>

#include "cluster/move/shard_table.hpp"
#include "cluster/placement/shard_name.hpp"
#include "cluster/transport/transport.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace::moves {

/// Fails with `not_found`: no such shard, or one without queues; `invalid_argument`: a node that
/// may not serve it; `unreachable`: no link to that node.
[[nodiscard]] Result<void> may_move(const ShardTable& table, const transport::Transport& transport,
                                    const placement::ShardName& shard, const std::string& to);

/// The answer to a move of a shard that this node does not know.
[[nodiscard]] pb::MoveStep declined_unknown(const pb::MoveAttempt& attempt);

}  // namespace millrace::moves
