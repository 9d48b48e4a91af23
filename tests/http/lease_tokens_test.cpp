// Promise: a token says which node gave it, whichever node is asked; what no node can have given belongs to none.
#include "cluster/http/routes/lease_tokens.hpp"

#include <gtest/gtest.h>

namespace millrace::http {
namespace {

std::vector<Member> members_of(const std::string& self) {
  std::vector<Member> members;
  for (const char* name : {"a", "b", "node with a long name, and .-signs"}) {
    Member& member = members.emplace_back();
    member.name = name;
    member.is_self = member.name == self;
  }
  return members;
}

TEST(LeaseTokens, SayWhichNodeGaveThem) {
  const LeaseTokens a(members_of("a"));
  const LeaseTokens b(members_of("b"));
  const std::string token = a.outward("0-6f1c");
  EXPECT_EQ(a.place_of(token).token, "0-6f1c");
  EXPECT_EQ(a.place_of(token).other, nullptr);
  EXPECT_EQ(b.place_of(token).token, "");
  ASSERT_NE(b.place_of(token).other, nullptr);
  EXPECT_EQ(b.place_of(token).other->name, "a");
  EXPECT_NE(token, b.outward("0-6f1c"));
}

TEST(LeaseTokens, OfNobodyBelongToNoNode) {
  const LeaseTokens a(members_of("a"));
  for (const char* token : {"", "0-6f1c", "00000000.0-6f1c", ".", "no token at all"}) {
    EXPECT_EQ(a.place_of(token).token, "") << token;
    EXPECT_EQ(a.place_of(token).other, nullptr) << token;
  }
}

TEST(LeaseTokens, HaveNoTagWhereNoMemberIsKnown) {
  const LeaseTokens alone({});
  EXPECT_EQ(alone.place_of(alone.outward("0-6f1c")).token, "0-6f1c");
}

}  // namespace
}  // namespace millrace::http
