#include "cluster/kafka/group/group_state.hpp"

#include <algorithm>

#include "actors/base/assert.hpp"

namespace millrace::kafka {

const std::string& GroupMember::metadata_for(std::string_view protocol) const {
  const auto found =
      std::find_if(protocols.begin(), protocols.end(),
                   [&](const MemberProtocol& each) { return each.name == protocol; });
  MILLRACE_ASSERT(found != protocols.end());
  return found->metadata;
}

std::size_t GroupMember::bytes() const {
  std::size_t bytes = sizeof(GroupMember) + 2 * id.size() + client_id.size() + client_host.size() +
                      assignment.size() + (instance ? 2 * instance->size() : 0);
  for (const MemberProtocol& each : protocols) {
    bytes += sizeof each + each.name.size() + each.metadata.size();
  }
  return bytes;
}

GroupMember* GroupState::find(std::string_view id) {
  const auto found = members.find(id);
  return found == members.end() ? nullptr : &found->second;
}

bool GroupState::has_all_joined() const {
  return std::all_of(members.begin(), members.end(),
                     [](const auto& each) { return each.second.has_joined; });
}

DurationUs GroupState::rebalance_us() const {
  DurationUs longest = 0;
  for (const auto& [id, member] : members) longest = std::max(longest, member.rebalance_us);
  return longest;
}

bool GroupState::agrees(std::string_view type, const std::vector<MemberProtocol>& protocols,
                        std::string_view except) const {
  if (type.empty() || protocols.empty()) return false;
  const std::size_t others = members.size() - (members.contains(except) ? 1 : 0);
  if (others == 0) return true;
  if (type != protocol_type) return false;
  const auto known = count_members(except);
  return std::any_of(protocols.begin(), protocols.end(), [&](const MemberProtocol& one) {
    const auto found = known.find(one.name);
    return found != known.end() && found->second == others;
  });
}

std::string GroupState::choose_protocol() const {
  const auto known = count_members("");
  std::map<std::string_view, std::size_t> votes;
  for (const auto& [id, member] : members) {
    const auto preferred =
        std::find_if(member.protocols.begin(), member.protocols.end(),
                     [&](const auto& one) { return known.at(one.name) == members.size(); });
    MILLRACE_ASSERT(preferred != member.protocols.end());
    ++votes[preferred->name];
  }
  const auto most = std::max_element(
      votes.begin(), votes.end(),
      [](const auto& one, const auto& other) { return one.second < other.second; });
  return std::string(most->first);
}

/// How many members, but for the one with the id `except`, know each protocol.
std::map<std::string_view, std::size_t> GroupState::count_members(std::string_view except) const {
  std::map<std::string_view, std::size_t> counts;
  for (const auto& [id, member] : members) {
    if (id == except) continue;
    for (const MemberProtocol& one : member.protocols) ++counts[one.name];
  }
  return counts;
}

const char* name_of(GroupState::Phase phase) {
  switch (phase) {
    case GroupState::Phase::empty:
      return "Empty";
    case GroupState::Phase::preparing:
      return "PreparingRebalance";
    case GroupState::Phase::completing:
      return "CompletingRebalance";
    case GroupState::Phase::stable:
      return "Stable";
  }
  return "Dead";
}

}  // namespace millrace::kafka
