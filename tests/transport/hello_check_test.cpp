// Promise: check_hello accepts configured peers only, and names the reason of each refusal.
#include "cluster/transport/protocol/hello_check.hpp"

#include <map>

#include <gtest/gtest.h>

namespace millrace::transport {
namespace {

class HelloCheck : public ::testing::Test {
 protected:
  Result<void> check(const NodeIdentity& from, std::string_view dialed = "") {
    return check_hello(make_hello(from),
                       {.own = own_,
                        .dialed = dialed,
                        .is_certified = [&](std::string_view name) { return name == certified_; },
                        .known_incarnation = [&](std::string_view name) -> const std::uint64_t* {
                          const auto at = known_.find(std::string(name));
                          return at == known_.end() ? nullptr : &at->second;
                        }});
  }
  ErrorCode refusal(const NodeIdentity& from, std::string_view dialed = "") {
    const auto checked = check(from, dialed);
    EXPECT_FALSE(checked);
    return checked ? ErrorCode::invalid_argument : checked.error().code;
  }

  NodeIdentity own_{"cluster", "m", 1, 3};
  std::string certified_ = "a";
  std::map<std::string, std::uint64_t> known_{{"a", 7}, {"z", 0}};
};

TEST_F(HelloCheck, AcceptsAConfiguredNode) {
  EXPECT_TRUE(check({"cluster", "a", 7, 3}));
  EXPECT_TRUE(check({"cluster", "a", 8, 3}));
}

TEST_F(HelloCheck, AcceptsTheDialedNode) {
  certified_ = "z";
  EXPECT_TRUE(check({"cluster", "z", 1, 3}, "z"));
}

TEST_F(HelloCheck, RefusesANameThatTheCertificateDoesNotCarry) {
  certified_ = "b";
  EXPECT_EQ(refusal({"cluster", "a", 8, 3}), ErrorCode::unauthenticated);
}

TEST_F(HelloCheck, RefusesANodeOtherThanTheDialedOne) {
  EXPECT_EQ(refusal({"cluster", "a", 8, 3}, "z"), ErrorCode::unauthenticated);
}

TEST_F(HelloCheck, RefusesAnotherClusterVersionAndIncarnation) {
  EXPECT_EQ(refusal({"other", "a", 8, 3}), ErrorCode::foreign_cluster);
  EXPECT_EQ(refusal({"cluster", "a", 8, 4}), ErrorCode::unsupported_version);
  EXPECT_EQ(refusal({"cluster", "a", 6, 3}), ErrorCode::fenced);
}

TEST_F(HelloCheck, RefusesUnknownNodesAndTheWrongDialDirection) {
  certified_ = "b";
  EXPECT_EQ(refusal({"cluster", "b", 8, 3}), ErrorCode::not_found);
  certified_ = "z";
  EXPECT_EQ(refusal({"cluster", "z", 8, 3}), ErrorCode::protocol);
}

TEST_F(HelloCheck, RefusesInvalidNamesAndQuotesNoControlCharacters) {
  for (const std::string bad : {"", "-a", "a b", "a\n", ".a", "a*"}) {
    EXPECT_FALSE(is_node_name(bad)) << bad;
  }
  certified_ = "a\x1b[31m";
  const auto checked = check({"cluster", certified_, 8, 3});
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message.find('\x1b'), std::string::npos);
  EXPECT_TRUE(is_node_name("node-1.eu_west"));
}

}  // namespace
}  // namespace millrace::transport
