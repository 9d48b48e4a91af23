#include "cluster/http/routes/lease_tokens.hpp"

#include <array>
#include <cstdio>
#include <utility>

#include "messages/hash.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t tag_length = 9;

// Names of nodes may be long, and have characters that mean something elsewhere.
std::string tag_of(const std::string& node) {
  std::array<char, tag_length + 1> text{};
  std::snprintf(text.data(), text.size(), "%08x.", static_cast<unsigned>(hash_key(node)));
  return text.data();
}

}  // namespace

LeaseTokens::LeaseTokens(std::vector<Member> members) : members_(std::move(members)) {
  for (const Member& member : members_) {
    if (member.is_self) own_tag_ = tag_of(member.name);
  }
}

LeaseTokens::Place LeaseTokens::place_of(std::string_view outward) const {
  const std::string_view tag = outward.substr(0, tag_length);
  if (own_tag_.empty()) return {.token = std::string(outward)};
  if (tag == own_tag_) return {.token = std::string(outward.substr(tag_length))};
  for (const Member& member : members_) {
    if (!member.is_self && tag == tag_of(member.name)) return {.other = &member};
  }
  return {};
}

}  // namespace millrace::http
