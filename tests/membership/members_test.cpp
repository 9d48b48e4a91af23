// Promise: Members sends heartbeats to all other nodes and refuses a peer's heartbeat in the name
// of another node. Checked with a transport that records the sent frames.
#include "cluster/membership/members.hpp"

#include <map>
#include <mutex>

#include <gtest/gtest.h>

namespace millrace::cluster {
namespace {

/// Records the sent frames.
class Outbound final : public transport::Transport {
 public:
  Result<void> start(transport::TransportListener&) override { return {}; }
  Result<void> stop() override { return {}; }
  Result<void> send(std::string_view peer, transport::Frame&& frame) override {
    const std::lock_guard lock(mutex_);
    sent_[std::string(peer)].push_back(std::move(frame));
    return {};
  }
  Result<void> reject(std::string_view, Error) override { return {}; }
  [[nodiscard]] Result<transport::LinkStatus> status(std::string_view) const override {
    return transport::LinkStatus{};
  }

  [[nodiscard]] std::vector<transport::Frame> sent(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    return sent_[peer];
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::vector<transport::Frame>> sent_;
};

class MembersTest : public testing::Test {
 protected:
  MembersTest() : members_(options(), transport_, clock_) {}

  Members::Options options() {
    Members::Options options;
    options.self.set_name("a");
    options.self.set_incarnation(5);
    options.others = {{"b", "h:2"}, {"c", "h:3"}};
    options.on_fenced = [this] {
      ++fenced_;
    };
    return options;
  }

  static std::string heartbeat(const std::string& node, std::uint64_t incarnation) {
    pb::Heartbeat heartbeat;
    heartbeat.mutable_from()->set_name(node);
    heartbeat.mutable_from()->set_incarnation(incarnation);
    heartbeat.set_state(pb::MEMBER_UP);
    return heartbeat.SerializeAsString();
  }

  int fenced_ = 0;
  Outbound transport_;
  SystemClock clock_;
  Members members_;
};

TEST_F(MembersTest, SendsANewStateToAllOthersAtOnce) {
  members_.advance(pb::MEMBER_UP);
  for (const char* const peer : {"b", "c"}) {
    const auto sent = transport_.sent(peer);
    ASSERT_EQ(sent.size(), 1U) << peer;
    EXPECT_EQ(sent[0].kind, heartbeat_frame);
    pb::Heartbeat said;
    ASSERT_TRUE(said.ParseFromString(sent[0].bytes));
    EXPECT_EQ(said.from().name(), "a");
    EXPECT_EQ(said.state(), pb::MEMBER_UP);
  }
}

TEST_F(MembersTest, ShowsReceivedHeartbeatsInTheView) {
  ASSERT_TRUE(members_.take("b", heartbeat("b", 9)));
  const auto view = members_.view();
  ASSERT_EQ(view.size(), 3U);
  EXPECT_TRUE(view[0].is_self);
  EXPECT_EQ(view[1].name, "b");
  EXPECT_EQ(view[1].incarnation, 9U);
  EXPECT_EQ(view[1].state, pb::MEMBER_UP);
  EXPECT_EQ(view[2].state, pb::MEMBER_UNKNOWN);
}

TEST_F(MembersTest, TakesOtherNodesWhileItRuns) {
  ASSERT_TRUE(members_.take("b", heartbeat("b", 9)));
  members_.set_others({{"b", "h:2"}, {"d", "h:4"}});
  const auto view = members_.view();
  ASSERT_EQ(view.size(), 3U);
  EXPECT_EQ(view[1].incarnation, 9U) << "b stays known";
  EXPECT_EQ(view[2].name, "d");
  members_.advance(pb::MEMBER_UP);
  EXPECT_EQ(transport_.sent("c").size(), 0U);
  EXPECT_EQ(transport_.sent("d").size(), 1U);
}

TEST_F(MembersTest, RefusesAHeartbeatInTheNameOfAnotherNode) {
  const auto taken = members_.take("c", heartbeat("b", 9));
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::protocol);
  EXPECT_EQ(members_.view()[1].state, pb::MEMBER_UNKNOWN);
}

TEST_F(MembersTest, RefusesBytesThatDoNotParse) {
  const auto taken = members_.take("b", "\xff\xff\xff");
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().code, ErrorCode::protocol);
}

TEST_F(MembersTest, CallsOnFencedForALaterIncarnationOfItself) {
  pb::Heartbeat said;
  ASSERT_TRUE(said.ParseFromString(heartbeat("b", 9)));
  pb::MemberView& view = *said.add_view();
  view.set_name("a");
  view.set_incarnation(6);
  view.set_state(pb::MEMBER_UP);
  ASSERT_TRUE(members_.take("b", said.SerializeAsString()));
  EXPECT_EQ(fenced_, 1);
}

}  // namespace
}  // namespace millrace::cluster
