// GroupHandler: groups of consumers and their offsets. Keeps the coordinator of the groups that belong to
// this node, and gives it time.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cluster/kafka/group/group_core.hpp"
#include "cluster/kafka/protocol/delete_groups.hpp"
#include "cluster/kafka/protocol/find_coordinator.hpp"
#include "cluster/kafka/protocol/heartbeat.hpp"
#include "cluster/kafka/protocol/leave_group.hpp"
#include "cluster/kafka/protocol/offset_commit.hpp"
#include "cluster/kafka/protocol/offset_delete.hpp"
#include "cluster/kafka/protocol/offset_fetch.hpp"
#include "cluster/kafka/service/handler_context.hpp"

namespace millrace::kafka {

class GroupHandler {
 public:
  GroupHandler(const HandlerContext& context, const GroupLimits& limits)
      : context_(context), core_(limits) {}

  using ExchangePtr = std::shared_ptr<Exchange>;

  void find_coordinator(const ExchangePtr& exchange, const FindCoordinatorRequest& request);
  void join(const ExchangePtr& exchange, const JoinGroupRequest& request);
  void sync(const ExchangePtr& exchange, const SyncGroupRequest& request);
  void heartbeat(const ExchangePtr& exchange, const HeartbeatRequest& request);
  void leave(const ExchangePtr& exchange, const LeaveGroupRequest& request);
  void commit(const ExchangePtr& exchange, const OffsetCommitRequest& request);
  void fetch_offsets(const ExchangePtr& exchange, const OffsetFetchRequest& request);
  void describe(const ExchangePtr& exchange, const DescribeGroupsRequest& request);
  void list(const ExchangePtr& exchange);
  void remove(const ExchangePtr& exchange, const DeleteGroupsRequest& request);
  void forget_offsets(const ExchangePtr& exchange, const OffsetDeleteRequest& request);

  // For operators.
  [[nodiscard]] std::vector<DescribedGroup> described(const std::vector<std::string>& names);
  /// Holds back requests of the group's members until release(): clients send them again. Members of before must join
  /// again; without `is_forced` they are a reason to fail with `rejected`. Fails also with `not_owner` and `unreachable`
  /// (of the coordinator), `backlog_full` (it is held already), `invalid_argument`.
  [[nodiscard]] Result<void> hold(const std::string& group, bool is_forced);
  void release(const std::string& group) { held_.erase(group); }

  /// Requests that wait for other members are answered: another node will coordinate.
  void wind_down();

 private:
  [[nodiscard]] Code check_group(std::string_view group);
  [[nodiscard]] bool has_members(std::string_view group) const;
  [[nodiscard]] SteadyUs now_us() const;
  [[nodiscard]] Ticket keep(const ExchangePtr& exchange);
  void enter(const ExchangePtr& exchange, JoinCommand command);
  void note_topics(const std::string& group, const std::vector<std::string>& topics);
  void refresh(std::string_view group);
  void deliver(const GroupAnswers& answers);
  void ensure_ticking();
  void tick();
  void on_tick();

  const HandlerContext context_;
  GroupCore core_;
  Ticket last_ticket_ = 0;
  std::unordered_map<Ticket, ExchangePtr> waiting_{};  ///< requests whose answer the core gives
  /// What the members of a group read. A member that reads on and has nothing to commit is not told to the node
  /// otherwise, which forgets groups that are idle.
  struct Interest {
    std::set<std::string> topics{};
    SteadyUs refreshed_us = 0;
  };
  std::map<std::string, Interest, std::less<>> interests_{};
  std::set<std::string, std::less<>> held_{};
  bool is_ticking_ = false;
  bool is_winding_down_ = false;
};

}  // namespace millrace::kafka
