#include "cluster/kafka/group/group_core.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <set>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::kafka {
namespace {

using Phase = GroupState::Phase;

void refuse_join(Ticket ticket, Code code, std::string member, GroupAnswers& answers) {
  answers.push_back({ticket, JoinGroupAnswer{.code = code, .member = std::move(member)}});
}

void refuse_sync(Ticket ticket, Code code, GroupAnswers& answers) {
  answers.push_back({ticket, SyncGroupAnswer{.code = code}});
}

bool has_twice(const std::vector<MemberProtocol>& protocols) {
  std::set<std::string_view> names;
  return std::any_of(protocols.begin(), protocols.end(),
                     [&](const MemberProtocol& each) { return !names.insert(each.name).second; });
}

/// What an id that was given out counts for: it is made of a bounded client id and a number.
constexpr std::size_t given_id_bytes = 512;

std::int32_t generation_after(std::int32_t generation) {
  return generation == std::numeric_limits<std::int32_t>::max() ? 1 : generation + 1;
}

}  // namespace

// --- Joining -------------------------------------------------------------------------------------

/// What speaks against the request, whoever sends it; nullopt: nothing. `group` is null if it is new;
/// `replaced` is the id of the member whose place it is for, if any.
std::optional<Code> GroupCore::refuse(const JoinCommand& command, const GroupState* group,
                                      std::string_view replaced) const {
  if (command.session_us < limits_.session_min_us || command.session_us > limits_.session_max_us) {
    return Code::invalid_session_timeout;
  }
  if (command.protocols.size() > limits_.protocols_max || has_twice(command.protocols)) {
    return Code::inconsistent_group_protocol;
  }
  const GroupState empty;
  if (!(group != nullptr ? *group : empty)
           .agrees(command.protocol_type, command.protocols, replaced)) {
    return Code::inconsistent_group_protocol;
  }
  if (group == nullptr && !command.member.empty()) return Code::unknown_member_id;
  if (group == nullptr && groups_.size() >= limits_.groups_max) {
    return Code::coordinator_not_available;
  }
  if (bytes_ > limits_.bytes_max) return Code::group_max_size_reached;
  return std::nullopt;
}

void GroupCore::join(JoinCommand command, Ticket ticket, SteadyUs now_us, GroupAnswers& answers) {
  const auto known = groups_.find(command.group);
  GroupState* const before = known == groups_.end() ? nullptr : &known->second;
  std::string replaced = command.member;
  if (before != nullptr && command.member.empty() && command.instance) {
    const auto named = before->statics.find(*command.instance);
    if (named != before->statics.end()) replaced = named->second;
  }
  if (const auto code = refuse(command, before, replaced)) {
    return refuse_join(ticket, *code, command.member, answers);
  }
  command.rebalance_us = std::max(command.rebalance_us, command.session_us);
  const auto place = groups_.try_emplace(command.group).first;
  const std::string& name = place->first;
  GroupState& group = place->second;
  if (!command.member.empty()) {
    GroupMember* const member = group.find(command.member);
    if (command.instance) {
      const auto owner = group.statics.find(*command.instance);
      if (owner != group.statics.end() && owner->second != command.member) {
        return refuse_join(ticket, Code::fenced_instance_id, command.member, answers);
      }
    }
    if (member != nullptr) {
      return join_again(name, group, *member, std::move(command), ticket, now_us, answers);
    }
    const auto given = group.given_ids.find(command.member);
    if (given == group.given_ids.end()) {
      refuse_join(ticket, Code::unknown_member_id, command.member, answers);
      return drop_if_idle(place);
    }
    forget_given(group, given);
    command.new_id = command.member;
  } else if (replaced != command.member) {
    return replace_static(name, group, std::move(command), ticket, now_us, answers);
  }
  if (group.members.size() + group.given_ids.size() >= limits_.members_max) {
    refuse_join(ticket, Code::group_max_size_reached, command.member, answers);
    return drop_if_idle(place);
  }
  MILLRACE_ASSERT(!command.new_id.empty() && !group.members.contains(command.new_id));
  if (command.member.empty() && command.takes_id_first && !command.instance) {
    group.given_ids[command.new_id] = now_us + command.session_us;
    bytes_ += given_id_bytes;
    return refuse_join(ticket, Code::member_id_required, command.new_id, answers);
  }
  join_new(name, group, std::move(command), ticket, now_us, answers);
}

void GroupCore::join_new(const std::string& name, GroupState& group, JoinCommand command,
                         Ticket ticket, SteadyUs now_us, GroupAnswers& answers) {
  const bool is_first = group.members.empty();
  GroupMember& member = group.members[command.new_id];
  member.id = command.new_id;
  member.number = ++group.last_number;
  member.is_announced = !command.member.empty();
  member.instance = std::move(command.instance);
  if (member.instance) group.statics[*member.instance] = member.id;
  bytes_ += member.bytes();
  set_protocols(group, member, command);
  if (group.phase == Phase::preparing) {
    if (group.is_gathering) {
      group.deadline_us = std::min(now_us + limits_.gather_us, group.gather_until_us);
    } else {
      group.deadline_us = std::max(group.deadline_us, now_us + member.rebalance_us);
    }
  } else {
    begin_rebalance(group, now_us, answers);
    group.is_gathering = is_first && limits_.gather_us > 0;
    if (group.is_gathering) {
      group.gather_until_us = group.deadline_us;
      group.deadline_us = std::min(now_us + limits_.gather_us, group.gather_until_us);
    }
  }
  await_join(name, group, member, ticket, now_us, answers);
}

void GroupCore::join_again(const std::string& name, GroupState& group, GroupMember& member,
                           JoinCommand command, Ticket ticket, SteadyUs now_us,
                           GroupAnswers& answers) {
  const bool is_same = member.protocols == command.protocols;
  member.is_announced = true;
  // Only the leader sees what the others say, so it joins again when it wants to assign anew.
  const bool needs_rebalance =
      !is_same || (group.phase == Phase::stable && member.id == group.leader);
  set_protocols(group, member, command);
  member.expires_us = now_us + member.session_us;
  if (group.phase != Phase::preparing) {
    if (!needs_rebalance) {
      // The answer to its first request was lost.
      answers.push_back({ticket, joined(group, member)});
      return;
    }
    begin_rebalance(group, now_us, answers);
  }
  await_join(name, group, member, ticket, now_us, answers);
}

/// A static member has restarted: it gets a new id, and goes on with its assignment.
void GroupCore::replace_static(const std::string& name, GroupState& group, JoinCommand command,
                               Ticket ticket, SteadyUs now_us, GroupAnswers& answers) {
  const std::string old_id = group.statics.find(*command.instance)->second;
  GroupMember* const old = group.find(old_id);
  MILLRACE_ASSERT(old != nullptr);
  answer_join(*old, {.code = Code::fenced_instance_id, .member = old_id}, answers);
  answer_sync(*old, {.code = Code::fenced_instance_id}, answers);
  const bool is_same = old->protocols == command.protocols;
  const bool was_leader = group.leader == old_id;

  auto node = group.members.extract(old_id);
  bytes_ -= node.mapped().bytes();
  node.key() = command.new_id;
  node.mapped().id = command.new_id;
  bytes_ += node.mapped().bytes();
  GroupMember& member = group.members.insert(std::move(node)).position->second;
  group.statics[*command.instance] = member.id;
  set_protocols(group, member, command);
  member.expires_us = now_us + member.session_us;
  member.is_announced = false;
  if (group.phase == Phase::stable && is_same) {
    // It is not shown to itself as the leader, which would have to assign anew: others do not join now.
    JoinGroupAnswer answer = joined(group, member);
    if (was_leader) {
      group.leader = member.id;
      answer.leader = old_id;
    }
    member.is_announced = true;
    answers.push_back({ticket, std::move(answer)});
    return;
  }
  if (was_leader) group.leader = member.id;
  if (group.phase != Phase::preparing) begin_rebalance(group, now_us, answers);
  await_join(name, group, member, ticket, now_us, answers);
}

void GroupCore::set_protocols(GroupState& group, GroupMember& member, JoinCommand& command) {
  bytes_ -= member.bytes();
  group.protocol_type = command.protocol_type;
  member.client_id = std::move(command.client_id);
  member.client_host = std::move(command.client_host);
  member.session_us = command.session_us;
  member.rebalance_us = command.rebalance_us;
  member.protocols = std::move(command.protocols);
  bytes_ += member.bytes();
}

void GroupCore::await_join(const std::string& name, GroupState& group, GroupMember& member,
                           Ticket ticket, SteadyUs now_us, GroupAnswers& answers) {
  answer_join(member, {.code = Code::rebalance_in_progress, .member = member.id}, answers);
  member.join = ticket;
  member.has_joined = true;
  waiting_[ticket] = {name, member.id};
  complete_if_due(group, now_us, answers);
}

// --- Rebalances ----------------------------------------------------------------------------------

void GroupCore::begin_rebalance(GroupState& group, SteadyUs now_us, GroupAnswers& answers) {
  group.phase = Phase::preparing;
  group.is_gathering = false;
  group.deadline_us = now_us + group.rebalance_us();
  for (auto& [id, member] : group.members) {
    // While it waited it could not show that it is alive.
    if (member.sync) member.expires_us = now_us + member.session_us;
    answer_sync(member, {.code = Code::rebalance_in_progress}, answers);
    member.has_joined = false;
  }
}

void GroupCore::complete_if_due(GroupState& group, SteadyUs now_us, GroupAnswers& answers) {
  if (group.phase != Phase::preparing) return;
  const bool is_due = now_us >= group.deadline_us;
  if (is_due || (!group.is_gathering && group.has_all_joined())) {
    complete_rebalance(group, now_us, answers);
  }
}

void GroupCore::complete_rebalance(GroupState& group, SteadyUs now_us, GroupAnswers& answers) {
  std::vector<std::string> late;
  bool has_any_joined = false;
  for (const auto& [id, member] : group.members) {
    if (member.has_joined) {
      has_any_joined = true;
    } else if (!member.instance) {
      late.push_back(id);
    }
  }
  for (const std::string& id : late) remove(group, id, Code::unknown_member_id, answers);
  if (group.members.empty()) {
    group.phase = Phase::empty;
    return;
  }
  if (!has_any_joined) {
    // Static members keep their places for their session timeout, but none can lead now.
    group.deadline_us = now_us + group.rebalance_us();
    return;
  }
  group.is_gathering = false;
  group.generation = generation_after(group.generation);
  group.protocol = group.choose_protocol();
  const GroupMember* leader = group.find(group.leader);
  if (leader == nullptr || !leader->has_joined) {
    leader = nullptr;
    for (const auto& [id, member] : group.members) {
      if (member.has_joined && (leader == nullptr || member.number < leader->number)) {
        leader = &member;
      }
    }
  }
  group.leader = leader->id;
  group.phase = Phase::completing;
  group.deadline_us = now_us + group.rebalance_us();
  for (auto& [id, member] : group.members) {
    bytes_ -= member.assignment.size();
    member.assignment.clear();
    member.has_synced = false;
    member.expires_us = now_us + member.session_us;
    answer_join(member, joined(group, member), answers);
  }
}

/// The members are fewer: those that are left get what the others had.
void GroupCore::on_member_gone(GroupState& group, SteadyUs now_us, GroupAnswers& answers) {
  if (group.members.empty()) {
    group.phase = Phase::empty;
  } else if (group.phase == Phase::preparing) {
    complete_if_due(group, now_us, answers);
  } else {
    begin_rebalance(group, now_us, answers);
  }
}

void GroupCore::sync(SyncCommand command, Ticket ticket, SteadyUs now_us, GroupAnswers& answers) {
  GroupState* group = nullptr;
  GroupMember* member = nullptr;
  const MemberClaim claim{command.group, command.member, command.instance, command.generation};
  const Code code = check_claim(claim, group, member);
  if (code != Code::none) return refuse_sync(ticket, code, answers);
  member->expires_us = now_us + member->session_us;
  if (group->phase == Phase::preparing) {
    return refuse_sync(ticket, Code::rebalance_in_progress, answers);
  }
  member->has_synced = true;
  if (group->phase == Phase::stable) {
    answers.push_back({ticket, SyncGroupAnswer{.assignment = member->assignment}});
    return;
  }
  answer_sync(*member, {.code = Code::rebalance_in_progress}, answers);
  member->sync = ticket;
  waiting_[ticket] = {command.group, member->id};
  if (member->id != group->leader) return;
  group->phase = Phase::stable;
  for (auto& [id, each] : group->members) {
    const auto assigned = command.assignments.find(id);
    if (assigned != command.assignments.end()) each.assignment = std::move(assigned->second);
    bytes_ += each.assignment.size();
    if (each.sync) each.expires_us = now_us + each.session_us;
    answer_sync(each, {.assignment = each.assignment}, answers);
  }
}

// --- Members -------------------------------------------------------------------------------------

Code GroupCore::check_claim(const MemberClaim& claim, GroupState*& group, GroupMember*& member) {
  const auto known = groups_.find(claim.group);
  if (known == groups_.end()) return Code::unknown_member_id;
  group = &known->second;
  if (claim.instance) {
    const auto owner = group->statics.find(*claim.instance);
    if (owner != group->statics.end() && owner->second != claim.member) {
      return Code::fenced_instance_id;
    }
  }
  member = group->find(claim.member);
  if (member == nullptr) return Code::unknown_member_id;
  if (claim.generation != group->generation) return Code::illegal_generation;
  return Code::none;
}

Code GroupCore::heartbeat(const MemberClaim& claim, SteadyUs now_us) {
  GroupState* group = nullptr;
  GroupMember* member = nullptr;
  const Code code = check_claim(claim, group, member);
  if (code != Code::none) return code;
  member->expires_us = now_us + member->session_us;
  return group->phase == Phase::preparing ? Code::rebalance_in_progress : Code::none;
}

Code GroupCore::check_commit(const MemberClaim& claim, SteadyUs now_us) {
  if (claim.generation < 0 && claim.member.empty()) {
    const auto known = groups_.find(claim.group);
    const bool is_free = known == groups_.end() || known->second.members.empty();
    return is_free ? Code::none : Code::unknown_member_id;
  }
  GroupState* group = nullptr;
  GroupMember* member = nullptr;
  const Code code = check_claim(claim, group, member);
  if (code != Code::none) return code;
  member->expires_us = now_us + member->session_us;
  // Until it has its assignment, a member of the new generation cannot have read anything in it. One that
  // has not joined a rebalance yet commits what it has read, before it gives its partitions up.
  return group->phase == Phase::completing ? Code::rebalance_in_progress : Code::none;
}

Code GroupCore::leave(std::string_view group, std::string_view member, SteadyUs now_us,
                      GroupAnswers& answers) {
  const auto known = groups_.find(group);
  if (known == groups_.end()) return Code::unknown_member_id;
  GroupState& state = known->second;
  if (const auto given = state.given_ids.find(member); given != state.given_ids.end()) {
    forget_given(state, given);
  } else if (state.find(member) != nullptr) {
    remove(state, std::string(member), Code::unknown_member_id, answers);
    on_member_gone(state, now_us, answers);
  } else {
    return Code::unknown_member_id;
  }
  drop_if_idle(known);
  return Code::none;
}

void GroupCore::abandon(Ticket ticket, SteadyUs now_us, GroupAnswers& answers) {
  const auto found = waiting_.find(ticket);
  if (found == waiting_.end()) return;
  const auto known = groups_.find(found->second.group);
  MILLRACE_ASSERT(known != groups_.end());
  GroupState& group = known->second;
  GroupMember* const member = group.find(found->second.member);
  MILLRACE_ASSERT(member != nullptr);
  waiting_.erase(found);
  if (member->join == ticket) member->join.reset();
  if (member->sync == ticket) member->sync.reset();
  member->expires_us = now_us + member->session_us;
  if (member->is_announced || member->instance) return;
  remove(group, std::string(member->id), Code::unknown_member_id, answers);
  on_member_gone(group, now_us, answers);
  drop_if_idle(known);
}

void GroupCore::remove(GroupState& group, const std::string& id, Code code, GroupAnswers& answers) {
  const auto found = group.members.find(id);
  GroupMember& member = found->second;
  answer_join(member, {.code = code, .member = id}, answers);
  answer_sync(member, {.code = code}, answers);
  if (member.instance) group.statics.erase(*member.instance);
  if (group.leader == id) group.leader.clear();
  bytes_ -= member.bytes();
  group.members.erase(found);
}

void GroupCore::forget_given(GroupState& group, GivenId given) {
  group.given_ids.erase(given);
  bytes_ -= given_id_bytes;
}

void GroupCore::drop_if_idle(Groups::iterator group) {
  if (group->second.members.empty() && group->second.given_ids.empty()) groups_.erase(group);
}

// --- Answers -------------------------------------------------------------------------------------

JoinGroupAnswer GroupCore::joined(const GroupState& group, const GroupMember& member) const {
  JoinGroupAnswer answer{.generation = group.generation,
                         .protocol = group.protocol,
                         .leader = group.leader,
                         .member = member.id};
  if (member.id != group.leader) return answer;
  for (const auto& [id, each] : group.members) {
    answer.members.push_back({id, each.instance, each.metadata_for(group.protocol)});
  }
  return answer;
}

/// Answers the member's join, if one waits.
void GroupCore::answer_join(GroupMember& member, JoinGroupAnswer answer, GroupAnswers& answers) {
  if (!member.join) return;
  waiting_.erase(*member.join);
  member.is_announced = true;
  answers.push_back({*member.join, std::move(answer)});
  member.join.reset();
}

void GroupCore::answer_sync(GroupMember& member, SyncGroupAnswer answer, GroupAnswers& answers) {
  if (!member.sync) return;
  waiting_.erase(*member.sync);
  answers.push_back({*member.sync, std::move(answer)});
  member.sync.reset();
}

// --- Time ----------------------------------------------------------------------------------------

/// If this node has paused, heartbeats of the time of the pause wait to be read: no member is late by it.
void GroupCore::excuse_pause(SteadyUs now_us) {
  const SteadyUs before = ticked_us_.value_or(now_us);
  ticked_us_ = std::max(now_us, before);
  const DurationUs pause = now_us - before;
  if (pause <= limits_.tick_late_max_us) return;
  for (auto& [name, group] : groups_) {
    group.deadline_us = time_after(group.deadline_us, pause);
    group.gather_until_us = time_after(group.gather_until_us, pause);
    for (auto& [id, until_us] : group.given_ids) until_us = time_after(until_us, pause);
    for (auto& [id, member] : group.members) {
      member.expires_us = std::min(member.expires_us + pause, now_us + member.session_us);
    }
  }
}

void GroupCore::tick(SteadyUs now_us, GroupAnswers& answers) {
  excuse_pause(now_us);
  for (auto group = groups_.begin(); group != groups_.end();) {
    const auto each = group++;
    tick_group(each->second, now_us, answers);
    drop_if_idle(each);
  }
}

void GroupCore::tick_group(GroupState& group, SteadyUs now_us, GroupAnswers& answers) {
  for (auto given = group.given_ids.begin(); given != group.given_ids.end();) {
    const auto each = given++;
    if (now_us >= each->second) forget_given(group, each);
  }
  const bool is_past_sync = (group.phase == Phase::completing || group.phase == Phase::stable) &&
                            now_us >= group.deadline_us;
  std::vector<std::string> late;
  for (const auto& [id, member] : group.members) {
    const bool is_silent = !member.is_waiting() && now_us >= member.expires_us;
    if (is_silent || (is_past_sync && !member.has_synced)) late.push_back(id);
  }
  for (const std::string& id : late) remove(group, id, Code::unknown_member_id, answers);
  if (!late.empty()) on_member_gone(group, now_us, answers);
  complete_if_due(group, now_us, answers);
}

// --- The whole -----------------------------------------------------------------------------------

void GroupCore::release(const std::string& group, GroupAnswers& answers) {
  const auto known = groups_.find(group);
  if (known == groups_.end()) return;
  for (auto& [id, member] : known->second.members) {
    answer_join(member, {.code = Code::not_coordinator, .member = id}, answers);
    answer_sync(member, {.code = Code::not_coordinator}, answers);
    bytes_ -= member.bytes();
  }
  bytes_ -= known->second.given_ids.size() * given_id_bytes;
  groups_.erase(known);
}

void GroupCore::release_all(GroupAnswers& answers) {
  while (!groups_.empty()) {
    const std::string name = groups_.begin()->first;
    release(name, answers);
  }
}

std::vector<ListedGroup> GroupCore::list() const {
  std::vector<ListedGroup> groups;
  for (const auto& [name, group] : groups_) groups.push_back({name, group.protocol_type});
  return groups;
}

DescribedGroup GroupCore::describe(std::string_view group) const {
  DescribedGroup described{.name = std::string(group), .state = "Dead"};
  const auto known = groups_.find(group);
  if (known == groups_.end()) return described;
  const GroupState& state = known->second;
  described.state = name_of(state.phase);
  described.protocol_type = state.protocol_type;
  const bool is_settled = state.phase == Phase::stable;
  if (is_settled) described.protocol = state.protocol;
  for (const auto& [id, member] : state.members) {
    described.members.push_back({.id = id,
                                 .instance = member.instance,
                                 .client_id = member.client_id,
                                 .client_host = member.client_host,
                                 .metadata = is_settled ? member.metadata_for(state.protocol) : "",
                                 .assignment = member.assignment});
  }
  return described;
}

}  // namespace millrace::kafka
