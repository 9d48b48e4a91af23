// Promise: the queues of a PeerLink are bounded in both directions, and the listener's notices come
// in a consistent order. Checked by calling the sides of the link in turn on one thread.
#include "cluster/transport/links/peer_link.hpp"

#include <gtest/gtest.h>

#include "cluster/transport/links/peer_dialing.hpp"

namespace millrace::transport {
namespace {

constexpr std::size_t window = 1000;
constexpr std::size_t largest = 5000;
Frame frame_of(std::size_t charge) {
  return {FrameKind{1}, std::string(charge - frame_overhead_bytes, 'x')};
}

class PeerLinkTest : public ::testing::Test {
 protected:
  void SetUp() override {
    link_->attach([this] { ++broker_wakes_; }, [this] { ++delivery_wakes_; });
  }
  void TearDown() override {
    if (link_) link_->detach();
  }
  // Returns the kinds of the pending notices as letters: Up, Frame, Writable, Down.
  std::string told() {
    std::string kinds;
    while (auto notice = link_->next()) {
      kinds += "UFWD"[notice->index()];
      if (is_holding_) held_.push_back(std::move(*notice));
    }
    return kinds;
  }
  ErrorCode refusal(std::size_t charge) {
    const auto sent = link_->send(frame_of(charge));
    return sent ? ErrorCode::invalid_argument : sent.error().code;
  }

  std::shared_ptr<PeerLink> link_ = std::make_shared<PeerLink>("p", window, largest);
  int broker_wakes_ = 0;
  int delivery_wakes_ = 0;
  bool is_holding_ = false;
  std::vector<Notice> held_;
};

TEST_F(PeerLinkTest, AcceptsFramesUpToTheWindowAndReportsRoom) {
  EXPECT_EQ(refusal(100), ErrorCode::unreachable);
  link_->up(1, 0);
  EXPECT_TRUE(link_->send(frame_of(600)));
  EXPECT_TRUE(link_->send(frame_of(400)));
  EXPECT_EQ(refusal(300), ErrorCode::backlog_full);
  EXPECT_EQ(broker_wakes_, 1);
  EXPECT_EQ(link_->take().frames.size(), 2u);
  link_->credited(200);
  EXPECT_EQ(told(), "U");
  link_->credited(200);
  EXPECT_EQ(told(), "W");
  EXPECT_TRUE(link_->send(frame_of(300)));
}

TEST_F(PeerLinkTest, SendsAFrameBeyondTheWindowAlone) {
  link_->up(1, 0);
  EXPECT_TRUE(link_->send(frame_of(4000)));
  EXPECT_EQ(refusal(100), ErrorCode::backlog_full);
  link_->credited(4000);
  EXPECT_TRUE(link_->send(frame_of(100)));
  EXPECT_EQ(refusal(4000), ErrorCode::backlog_full);
  EXPECT_EQ(link_->send({FrameKind{1}, std::string(largest + 1, 'x')}).error().code,
            ErrorCode::too_large);
}

TEST_F(PeerLinkTest, QueuesOneWritableNoticeOnly) {
  link_->up(1, 0);
  for (int i = 0; i < 100; ++i) {
    while (link_->send(frame_of(1000))) {
    }
    link_->credited(1000);
  }
  EXPECT_EQ(told(), "UW");
}

TEST_F(PeerLinkTest, RefusesMoreFromThePeerThanTheWindow) {
  link_->up(1, 0);
  is_holding_ = true;
  EXPECT_TRUE(link_->received(frame_of(600)));
  EXPECT_EQ(told(), "UF");
  EXPECT_TRUE(link_->received(frame_of(400)));
  EXPECT_FALSE(link_->received(frame_of(100)));
  held_.clear();
  EXPECT_TRUE(link_->received(frame_of(600)));
}

TEST_F(PeerLinkTest, ReleasesCreditWhenTheListenerDestroysIt) {
  link_->up(1, 0);
  is_holding_ = true;
  EXPECT_TRUE(link_->received(frame_of(600)));
  EXPECT_EQ(told(), "UF");
  EXPECT_EQ(link_->take().credit, 0u);
  held_.clear();
  EXPECT_EQ(broker_wakes_, 1);
  EXPECT_EQ(link_->take().credit, 600u);
}

TEST_F(PeerLinkTest, DeliversNothingOfALinkThatWentDown) {
  link_->up(1, 0);
  EXPECT_EQ(told(), "U");
  EXPECT_TRUE(link_->received(frame_of(100)));
  link_->down({ErrorCode::unreachable, "gone"});
  EXPECT_EQ(told(), "D");
  EXPECT_EQ(link_->status().held_bytes, 0u);
  EXPECT_EQ(link_->status().last_error, "gone");
}

TEST_F(PeerLinkTest, AFlappingLinkDoesNotFillTheInbox) {
  link_->up(1, 0);
  EXPECT_EQ(told(), "U");
  for (std::uint64_t i = 2; i < 100; ++i) {
    link_->down({ErrorCode::unreachable, "gone"});
    link_->up(i, 0);
    EXPECT_TRUE(link_->received(frame_of(900)));
  }
  EXPECT_EQ(told(), "DUF");
}

TEST_F(PeerLinkTest, HeldFramesOccupyTheWindowOfTheNextLink) {
  link_->up(1, 0);
  is_holding_ = true;
  EXPECT_TRUE(link_->received(frame_of(600)));
  EXPECT_EQ(told(), "UF");
  link_->down({ErrorCode::unreachable, "gone"});
  EXPECT_EQ(link_->begin(), 600u);
  held_.clear();  // credit released between begin() and up()
  EXPECT_EQ(link_->take().credit, 0u);
  link_->up(2, 700);
  EXPECT_EQ(link_->take().credit, 600u);
  EXPECT_EQ(refusal(400), ErrorCode::backlog_full);
}

TEST_F(PeerLinkTest, ShowsTheFeaturesOfThePeerWhileTheLinkIsUp) {
  EXPECT_EQ(link_->status().features, 0u);
  link_->up(1, 0, 6);
  EXPECT_EQ(link_->status().features, 6u);
  link_->down({ErrorCode::unreachable, ""});
  EXPECT_EQ(link_->status().features, 0u);
  link_->up(2, 0);
  EXPECT_EQ(link_->status().features, 0u) << "a version that says none";
}

TEST_F(PeerLinkTest, AttachWakesForEarlierData) {
  const auto late = std::make_shared<PeerLink>("late", window, largest);
  late->up(1, 0);
  int wakes = 0;
  late->attach([] {}, [&] { ++wakes; });
  EXPECT_EQ(wakes, 1);
}

TEST_F(PeerLinkTest, CreditMayOutliveTheLink) {
  link_->up(1, 0);
  is_holding_ = true;
  EXPECT_TRUE(link_->received(frame_of(600)));
  EXPECT_EQ(told(), "UF");
  link_->detach();
  link_.reset();
  held_.clear();
}

TEST(PeerDialing, BacksOffAfterFailuresAndResetsAfterALongLink) {
  PeerDialing dialing(100, 1000);
  TimeUs now = 0;
  std::vector<DurationUs> pauses;
  for (int i = 0; i < 7; ++i) {
    EXPECT_TRUE(dialing.begin(now));
    EXPECT_FALSE(dialing.begin(now));
    dialing.failed(now, ~std::uint64_t{0});
    const TimeUs failed = now;
    while (!dialing.begin(now)) ++now;
    pauses.push_back(now - failed);
    dialing.failed(now, 0);
    now += 10'000;
  }
  for (const auto pause : pauses) EXPECT_LE(pause, 1000);
  EXPECT_LE(pauses[0], 100);
  EXPECT_GE(pauses[6], 500);

  ASSERT_TRUE(dialing.begin(now));
  dialing.up(now);
  now += 5000;
  dialing.failed(now, 0);
  EXPECT_TRUE(dialing.begin(now + 100));
}

TEST_F(PeerLinkTest, RejectsTheLinkThatTheListenerKnows) {
  link_->up(1, 0);
  ASSERT_TRUE(link_->received(frame_of(100)));
  ASSERT_TRUE(link_->received(frame_of(100)));
  ASSERT_TRUE(link_->next() && link_->next());  // up, and the first frame
  link_->reject({ErrorCode::protocol, "nonsense"});
  EXPECT_EQ(told(), "");
  ASSERT_TRUE(link_->received(frame_of(100)));
  EXPECT_EQ(told(), "");
  EXPECT_EQ(link_->take().rejection->message, "nonsense");
  link_->down({ErrorCode::protocol, "nonsense"});
  link_->up(1, 0);
  EXPECT_FALSE(link_->take().rejection);
  ASSERT_TRUE(link_->received(frame_of(100)));
  EXPECT_EQ(told(), "DUF");
}

TEST_F(PeerLinkTest, RejectsNoLaterLink) {
  link_->up(1, 0);
  ASSERT_TRUE(link_->received(frame_of(100)));
  ASSERT_TRUE(link_->next() && link_->next());
  link_->down({ErrorCode::unreachable, "broken"});
  link_->up(2, 0);
  link_->reject({ErrorCode::protocol, "nonsense"});
  EXPECT_FALSE(link_->take().rejection);
  EXPECT_EQ(told(), "DU");
}

}  // namespace
}  // namespace millrace::transport
