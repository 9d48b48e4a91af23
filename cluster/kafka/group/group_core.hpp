// GroupCore: coordinates the groups of consumers that belong to this node: who is a member, which
// generation counts, and who leads. Volatile: after a restart members join again, under ids that nobody
// had before, so that nothing of the time before is taken for theirs. Pure: time and what is random come
// with the commands.
//
// Every command's `now_us` is steady time. Members are given up by tick() only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/kafka/group/group_state.hpp"
#include "cluster/kafka/protocol/describe_groups.hpp"
#include "cluster/kafka/protocol/join_group.hpp"
#include "cluster/kafka/protocol/list_groups.hpp"
#include "cluster/kafka/protocol/sync_group.hpp"

namespace millrace::kafka {

struct GroupLimits {
  DurationUs session_min_us = 1'000'000;
  DurationUs session_max_us = 1'800'000'000;
  /// A rebalance of a group that was empty waits so long for further members after each that joins, and
  /// the rebalance timeout at the most.
  DurationUs gather_us = 200'000;
  std::size_t groups_max = 10'000;
  std::size_t members_max = 1'000;          ///< of a group
  std::size_t protocols_max = 64;           ///< of a member
  std::size_t bytes_max = 64u << 20;        ///< what members say and are assigned, of all groups
  DurationUs tick_late_max_us = 1'000'000;  ///< a later tick is a pause of this node, see tick()
};

struct JoinCommand {
  std::string group{};
  std::string member{};  ///< empty: it has no id yet
  std::optional<std::string> instance{};
  std::string client_id{};
  std::string client_host{};
  DurationUs session_us = 0;
  DurationUs rebalance_us = 0;
  std::string protocol_type{};
  std::vector<MemberProtocol> protocols{};
  /// The client takes an id by a refusal, and joins by a second request.
  bool takes_id_first = false;
  std::string
      new_id{};  ///< the id of a member that has none: at most 256 bytes, never the same twice
};

struct SyncCommand {
  std::string group{};
  std::string member{};
  std::optional<std::string> instance{};
  std::int32_t generation = 0;
  std::map<std::string, std::string> assignments{};  ///< by member; from the leader
};

/// Who sends a heartbeat, or commits.
struct MemberClaim {
  std::string_view group{};
  std::string_view member{};
  std::optional<std::string_view> instance{};
  std::int32_t generation = -1;
};

struct GroupAnswer {
  Ticket ticket = 0;
  std::variant<JoinGroupAnswer, SyncGroupAnswer> content{};
};
/// In the order in which they became due.
using GroupAnswers = std::vector<GroupAnswer>;

class GroupCore {
 public:
  explicit GroupCore(const GroupLimits& limits) : limits_(limits) {}

  /// A member joins. The answer of `ticket`, among `answers` now or later, has the code `none`;
  /// invalid_session_timeout, inconsistent_group_protocol, unknown_member_id, fenced_instance_id,
  /// group_max_size_reached; member_id_required, with the id; rebalance_in_progress: the member has sent
  /// another request meanwhile; not_coordinator.
  void join(JoinCommand command, Ticket ticket, SteadyUs now_us, GroupAnswers& answers);

  /// A member asks for its assignment. The answer of `ticket` has the code `none`, unknown_member_id,
  /// illegal_generation, fenced_instance_id, rebalance_in_progress or not_coordinator.
  void sync(SyncCommand command, Ticket ticket, SteadyUs now_us, GroupAnswers& answers);

  /// A member is alive. Returns `none`, rebalance_in_progress, unknown_member_id, illegal_generation or
  /// fenced_instance_id.
  [[nodiscard]] Code heartbeat(const MemberClaim& claim, SteadyUs now_us);

  /// Whether the one who claims may commit offsets: a member of the current generation, or, without id and
  /// generation, anybody while the group has no members. Counts as a heartbeat. Returns as heartbeat().
  [[nodiscard]] Code check_commit(const MemberClaim& claim, SteadyUs now_us);

  /// A member leaves. Returns `none` or unknown_member_id.
  [[nodiscard]] Code leave(std::string_view group, std::string_view member, SteadyUs now_us,
                           GroupAnswers& answers);

  /// The client of `ticket` has gone: its request gets no answer. A member that nobody can know the id of
  /// leaves; others have their session timeout from now on to come back.
  void abandon(Ticket ticket, SteadyUs now_us, GroupAnswers& answers);

  /// Gives up members that are late. Call it at least every tick_late_max_us: after a longer time the
  /// silence of the members may be this node's own, so that they get as much time again.
  void tick(SteadyUs now_us, GroupAnswers& answers);

  /// Another node coordinates the group from now on: forgets it; waiting requests get not_coordinator.
  void release(const std::string& group, GroupAnswers& answers);
  /// Forgets all groups: waiting requests get not_coordinator, so that their clients look for another node.
  void release_all(GroupAnswers& answers);

  [[nodiscard]] std::vector<ListedGroup> list() const;
  /// A group that is not known is "Dead".
  [[nodiscard]] DescribedGroup describe(std::string_view group) const;

  [[nodiscard]] std::size_t size() const { return groups_.size(); }
  /// What all members hold of bytes_max.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  using Groups = std::map<std::string, GroupState, std::less<>>;
  struct Waiting {
    std::string group{};
    std::string member{};
  };

  void join_new(const std::string& name, GroupState& group, JoinCommand command, Ticket ticket,
                SteadyUs now_us, GroupAnswers& answers);
  void join_again(const std::string& name, GroupState& group, GroupMember& member,
                  JoinCommand command, Ticket ticket, SteadyUs now_us, GroupAnswers& answers);
  void replace_static(const std::string& name, GroupState& group, JoinCommand command,
                      Ticket ticket, SteadyUs now_us, GroupAnswers& answers);
  [[nodiscard]] std::optional<Code> refuse(const JoinCommand& command, const GroupState* group,
                                           std::string_view replaced) const;
  [[nodiscard]] Code check_claim(const MemberClaim& claim, GroupState*& group,
                                 GroupMember*& member);

  void begin_rebalance(GroupState& group, SteadyUs now_us, GroupAnswers& answers);
  void await_join(const std::string& name, GroupState& group, GroupMember& member, Ticket ticket,
                  SteadyUs now_us, GroupAnswers& answers);
  void complete_if_due(GroupState& group, SteadyUs now_us, GroupAnswers& answers);
  void complete_rebalance(GroupState& group, SteadyUs now_us, GroupAnswers& answers);
  void on_member_gone(GroupState& group, SteadyUs now_us, GroupAnswers& answers);
  void remove(GroupState& group, const std::string& id, Code code, GroupAnswers& answers);
  using GivenId = decltype(GroupState::given_ids)::iterator;
  void forget_given(GroupState& group, GivenId given);
  void drop_if_idle(Groups::iterator group);
  void answer_join(GroupMember& member, JoinGroupAnswer answer, GroupAnswers& answers);
  void answer_sync(GroupMember& member, SyncGroupAnswer answer, GroupAnswers& answers);
  [[nodiscard]] JoinGroupAnswer joined(const GroupState& group, const GroupMember& member) const;
  void excuse_pause(SteadyUs now_us);
  void tick_group(GroupState& group, SteadyUs now_us, GroupAnswers& answers);
  void set_protocols(GroupState& group, GroupMember& member, JoinCommand& command);

  const GroupLimits limits_;
  Groups groups_{};
  std::map<Ticket, Waiting> waiting_{};  ///< the members whose join or sync is the ticket
  std::size_t bytes_ = 0;                ///< of all members
  std::optional<SteadyUs> ticked_us_{};
};

}  // namespace millrace::kafka
