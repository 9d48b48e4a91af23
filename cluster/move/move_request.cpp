#include "cluster/move/move_request.hpp"

#include <algorithm>
#include <vector>

namespace millrace::moves {

Result<void> may_move(const ShardTable& table, const transport::Transport& transport,
                      const placement::ShardName& shard, const std::string& to) {
  const auto layout = table.layout();
  const auto group = layout->groups.find(shard.role);
  if (group == layout->groups.end() || shard.shard >= group->second.homes.size()) {
    return Error{ErrorCode::not_found, "there is no " + shard.text()};
  }
  if (group->second.queues.empty()) {
    return Error{ErrorCode::not_found, shard.text() + " has no queues"};
  }
  const std::vector<std::string>& nodes = group->second.nodes;
  if (std::find(nodes.begin(), nodes.end(), to) == nodes.end()) {
    return Error{ErrorCode::invalid_argument, to + " is no node that may serve " + shard.text()};
  }
  if (to == table.self()) return {};  // start_move reports the error
  if (const auto link = transport.status(to); !link || !link->is_up) {
    return Error{ErrorCode::unreachable, "there is no link to " + to};
  }
  return {};
}

pb::MoveStep declined_unknown(const pb::MoveAttempt& attempt) {
  pb::MoveStep step;
  *step.mutable_attempt() = attempt;
  step.mutable_declined()->set_code(static_cast<std::uint32_t>(ErrorCode::invalid_argument));
  step.mutable_declined()->set_reason(placement::ShardName{attempt.role(), attempt.shard()}.text() +
                                      " is not configured there");
  return step;
}

}  // namespace millrace::moves
