// Promise: the link to a peer that is killed or suspended goes down in bounded time, and stop()
// ends in bounded time, also with unsent megabytes. Checked with child processes.
#include <cstdlib>

#include <gtest/gtest.h>

#include "tests/transport/child_node.hpp"
#include "tests/transport/test_certificates.hpp"

namespace millrace::transport {
namespace {

using Clock = std::chrono::steady_clock;

class LostPeer : public ::testing::TestWithParam<bool> {
 protected:
  void start(std::chrono::milliseconds silence_max) {
    child_ = std::make_unique<ChildNode>(options("b", "a", 1));
    ASSERT_NE(child_->port(), 0);
    auto own = options("a", "b", child_->port());
    own.silence_max = silence_max;
    a_ = started(own, at_a_);
    ASSERT_TRUE(at_a_.wait_up("b"));
  }
  TransportOptions options(const std::string& node, const std::string& peer, std::uint16_t port) {
    auto made = quick_options(node, peer, port);
    if (GetParam()) made.tls = authority_.issue(node);
    made.drain_timeout = std::chrono::milliseconds(300);
    return made;
  }
  void expect_quick_stop() {
    const auto begun = Clock::now();
    EXPECT_TRUE(a_->stop());
    // Unless it gives up what it cannot send, it waits for the silence of a peer, a minute here.
    EXPECT_LT(Clock::now() - begun, std::chrono::seconds(20));
    EXPECT_EQ(at_a_.told("b").downs, 1);
  }

  TestAuthority authority_;
  std::unique_ptr<ChildNode> child_;
  RecordingListener at_a_;
  std::unique_ptr<CafTransport> a_;
};

INSTANTIATE_TEST_SUITE_P(Security, LostPeer, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "Tls" : "Plain"; });

TEST_P(LostPeer, AKilledPeerIsDetectedAtOnce) {
  start(std::chrono::seconds(60));
  const auto begun = Clock::now();
  child_->signal(SIGKILL);
  ASSERT_TRUE(at_a_.wait_down("b"));
  EXPECT_LT(Clock::now() - begun, std::chrono::seconds(1));
  EXPECT_EQ(at_a_.told("b").last_down.code, ErrorCode::unreachable);
  expect_quick_stop();
}

TEST_P(LostPeer, ASuspendedPeerIsDetectedBySilence) {
  start(std::chrono::milliseconds(500));
  child_->signal(SIGSTOP);
  ASSERT_TRUE(at_a_.wait_down("b"));
  EXPECT_EQ(at_a_.told("b").last_down.code, ErrorCode::timeout);
  expect_quick_stop();
}

TEST_P(LostPeer, StopEndsInTimeWithUnsentData) {
  start(std::chrono::seconds(60));
  child_->signal(SIGSTOP);
  // More than the socket buffers hold.
  ASSERT_TRUE(a_->send("b", {FrameKind{1}, std::string(16 << 20, 'x')}));
  expect_quick_stop();
}

TEST_P(LostPeer, AResumedPeerDoesNotCountItsOwnPauseAsSilence) {
  start(std::chrono::seconds(60));
  child_->signal(SIGSTOP);
  ASSERT_TRUE(a_->send("b", {FrameKind{1}, "while stopped"}));
  child_->signal(SIGCONT);
  ASSERT_TRUE(eventually([&] { return a_->status("b")->in_flight_bytes == 0; }));
  expect_quick_stop();
}

}  // namespace

namespace {

// A listener whose call blocks until the test releases it.
class BlockingListener : public RecordingListener {
 public:
  void on_frame(const std::string& peer, Frame frame, Credit credit) override {
    RecordingListener::on_frame(peer, std::move(frame), std::move(credit));
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_free_; });
  }
  void free() {
    const std::lock_guard lock(mutex_);
    is_free_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool is_free_ = false;
};

// Runs in a child process and exits while a thread of the transport is blocked in the listener.
[[noreturn]] void stop_a_transport_with_a_blocked_listener() {
  BlockingListener at_b;
  RecordingListener at_a;
  auto options = quick_options("b", "a");
  options.drain_timeout = options.teardown_timeout = std::chrono::milliseconds(200);
  auto b = started(options, at_b);
  auto a = started(quick_options("a", "b", b->port()), at_a);
  EXPECT_TRUE(at_a.wait_up("b"));
  EXPECT_TRUE(a->send("b", {FrameKind{1}, "held for ever"}));
  EXPECT_TRUE(at_b.wait_frames("a", 1));
  EXPECT_EQ(b->stop().error().code, ErrorCode::timeout);
  EXPECT_TRUE(a->stop());
  std::_Exit(::testing::Test::HasFailure() ? 1 : 0);
}

TEST(StopTransport, EndsInTimeWithABlockedListener) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(stop_a_transport_with_a_blocked_listener(), ::testing::ExitedWithCode(0), "");
}

TEST(StopTransport, ASlowListenerDelaysItsOwnPeerOnly) {
  BlockingListener at_c;
  RecordingListener at_a;
  RecordingListener at_b;
  auto options = quick_options("c", "a");
  options.peers.push_back({"b", {"127.0.0.1", 1}});
  auto c = started(options, at_c);
  auto a = started(quick_options("a", "c", c->port()), at_a);
  auto b = started(quick_options("b", "c", c->port()), at_b);
  ASSERT_TRUE(at_a.wait_up("c") && at_b.wait_up("c"));
  ASSERT_TRUE(a->send("c", {FrameKind{1}, "blocks"}));
  ASSERT_TRUE(at_c.wait_frames("a", 1));
  ASSERT_TRUE(b->send("c", {FrameKind{1}, "passes"}));
  EXPECT_TRUE(at_c.wait_frames("b", 1));
  at_c.free();
  EXPECT_TRUE(a->stop() && b->stop() && c->stop());
}

}  // namespace
}  // namespace millrace::transport
