#include "cluster/membership/core/membership_core.hpp"

#include <algorithm>
#include <utility>

#include "actors/base/assert.hpp"

namespace millrace::membership {
namespace {

Change entering(pb::MemberState state) {
  switch (state) {
    case pb::MEMBER_UP:
      return Change::up;
    case pb::MEMBER_LEAVING:
      return Change::leaving;
    case pb::MEMBER_REMOVED:
      return Change::removed;
    default:
      return Change::joining;
  }
}

pb::Heartbeat speak(const Membership& membership) {
  pb::Heartbeat heartbeat;
  *heartbeat.mutable_from() = membership.self;
  heartbeat.set_state(membership.state);
  for (const auto& [name, member] : membership.members) {
    pb::MemberView& view = *heartbeat.add_view();
    view.set_name(name);
    view.set_incarnation(member.incarnation);
    view.set_state(member.state);
    view.set_unreachable(member.unreachable);
  }
  return heartbeat;
}

// Removes the reports of a member about others; they end with its incarnation.
void forget_opinions(Membership& membership, const std::string& name) {
  for (auto& [other, member] : membership.members) member.unreachable_from.erase(name);
}

// Call before every other step: a pause of this node is detected by the first event after it.
void check_own_pace(Membership& membership, SteadyUs now_us, Effects& effects) {
  const Limits& limits = membership.limits;
  if (!membership.ticked_us) return;
  if (now_us - *membership.ticked_us <= limits.heartbeat_us + limits.late_max_us) return;
  membership.ticked_us = now_us;
  membership.trusted_from_us = now_us + limits.heartbeat_us + limits.detector.pause_acceptable_us;
  effects.events.push_back(
      {Change::self_late, membership.self.name(), membership.self.incarnation()});
}

void fence(Membership& membership, std::uint64_t incarnation, Effects& effects) {
  if (incarnation <= membership.self.incarnation() || membership.fenced) return;
  membership.fenced = true;
  effects.events.push_back({Change::self_fenced, membership.self.name(), incarnation});
}

// Applies a direct or indirect report of a member, if it is newer than the known state.
void adopt(Membership& membership, const std::string& name, std::uint64_t incarnation,
           pb::MemberState state, SteadyUs now_us, Effects& effects) {
  if (!pb::MemberState_IsValid(state)) return;  // sent by a later version
  Member& member = membership.members.at(name);
  if (std::pair(incarnation, state) <= std::pair(member.incarnation, member.state)) return;
  if (incarnation > member.incarnation) {
    if (member.incarnation != 0) {
      effects.events.push_back({Change::restarted, name, incarnation});
    }
    forget_opinions(membership, name);
    member.incarnation = incarnation;
    member.unreachable = false;
    member.unreachable_from.clear();
    member.detector.emplace(membership.limits.detector, now_us);
  }
  member.state = state;
  effects.events.push_back({entering(state), name, incarnation});
  if (state == pb::MEMBER_REMOVED) {
    member.detector.reset();
    member.unreachable = false;
    member.unreachable_from.clear();
    forget_opinions(membership, name);
  }
}

void adopt_view(Membership& membership, const std::string& from, const pb::MemberView& view,
                SteadyUs now_us, Effects& effects) {
  if (view.name() == membership.self.name()) {
    fence(membership, view.incarnation(), effects);
    return;
  }
  const auto found = membership.members.find(view.name());
  if (found == membership.members.end() || view.name() == from) return;
  adopt(membership, view.name(), view.incarnation(), view.state(), now_us, effects);
  Member& member = found->second;
  if (view.incarnation() != member.incarnation) return;
  if (view.unreachable() && member.state != pb::MEMBER_REMOVED) {
    member.unreachable_from.insert(from);
  } else {
    member.unreachable_from.erase(from);
  }
}

}  // namespace

Membership start(const Limits& limits, pb::NodeId self,
                 const std::map<std::string, std::string>& others) {
  MILLRACE_ASSERT(self.incarnation() > 0 && !others.contains(self.name()));
  Membership membership{.limits = limits, .self = std::move(self)};
  for (const auto& [name, address] : others) membership.members[name].address = address;
  return membership;
}

void set_others(Membership& membership, const std::map<std::string, std::string>& others) {
  MILLRACE_ASSERT(!others.contains(membership.self.name()));
  std::erase_if(membership.members, [&](const auto& one) { return !others.contains(one.first); });
  for (auto& [name, member] : membership.members) {
    std::erase_if(member.unreachable_from,
                  [&](const std::string& from) { return !others.contains(from); });
  }
  for (const auto& [name, address] : others) membership.members[name].address = address;
}

Effects tick(Membership& membership, SteadyUs now_us) {
  Effects effects;
  check_own_pace(membership, now_us, effects);
  membership.ticked_us = now_us;
  for (auto& [name, member] : membership.members) {
    if (!member.detector || member.unreachable || now_us < membership.trusted_from_us) continue;
    if (member.detector->available(now_us)) continue;
    member.unreachable = true;
    effects.events.push_back({Change::unreachable, name, member.incarnation});
  }
  effects.heartbeat = speak(membership);
  return effects;
}

Effects heard(Membership& membership, const pb::Heartbeat& heartbeat, SteadyUs now_us) {
  Effects effects;
  check_own_pace(membership, now_us, effects);
  const pb::NodeId& from = heartbeat.from();
  if (from.name() == membership.self.name()) fence(membership, from.incarnation(), effects);
  if (!is_current(membership, from)) return effects;
  Member& member = membership.members.at(from.name());
  adopt(membership, from.name(), from.incarnation(), heartbeat.state(), now_us, effects);
  if (!from.address().empty()) member.address = from.address();
  if (member.detector) {
    member.detector->heartbeat(now_us, now_us >= membership.trusted_from_us);
  }
  if (std::exchange(member.unreachable, false)) {
    effects.events.push_back({Change::reachable, from.name(), from.incarnation()});
  }
  for (const pb::MemberView& view : heartbeat.view()) {
    adopt_view(membership, from.name(), view, now_us, effects);
  }
  return effects;
}

Effects advance(Membership& membership, pb::MemberState state) {
  Effects effects;
  membership.state = std::max(membership.state, state);
  effects.heartbeat = speak(membership);
  return effects;
}

bool is_current(const Membership& membership, const pb::NodeId& node) {
  const auto found = membership.members.find(node.name());
  return found != membership.members.end() && node.incarnation() > 0 &&
         node.incarnation() >= found->second.incarnation;
}

}  // namespace millrace::membership
