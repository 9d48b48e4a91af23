// Promise: frames arrive in order and unaltered, within the window, and links come back. Checked
// over real sockets between two transports of one process.
#include "cluster/transport/net/caf_transport.hpp"

#include <array>
#include <cstring>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/transport/two_nodes.hpp"

namespace millrace::transport {
namespace {

constexpr FrameKind kind{7};

class CafTransportTest : public ::testing::Test {
 protected:
  void start(TransportOptions options_a = quick_options("a", "b"),
             TransportOptions options_b = quick_options("b", "a")) {
    b_ = started(std::move(options_b), at_b_);
    ASSERT_TRUE(b_);
    options_a.peers[0].address.port = b_->port();
    a_ = started(std::move(options_a), at_a_);
    ASSERT_TRUE(a_);
    ASSERT_TRUE(at_a_.wait_up("b"));
    ASSERT_TRUE(at_b_.wait_up("a"));
  }
  void TearDown() override {
    for (auto* const transport : {a_.get(), b_.get()}) {
      if (transport != nullptr) {
        EXPECT_TRUE(transport->stop());
      }
    }
    EXPECT_THAT(at_a_.told("b").violations, ::testing::IsEmpty());
    EXPECT_THAT(at_b_.told("a").violations, ::testing::IsEmpty());
  }
  // Sends `count` frames in order; waits while the window is full.
  void send_all(int count, std::size_t bytes) {
    for (int i = 0; i < count; ++i) {
      std::string body = std::to_string(i);
      body.resize(std::max(body.size(), bytes), '.');
      while (true) {
        const int writable = at_a_.told("b").writable;
        const auto sent = a_->send("b", {kind, body});
        if (sent) break;
        ASSERT_EQ(sent.error().code, ErrorCode::backlog_full) << sent.error().message;
        ASSERT_TRUE(at_a_.wait("b", [&](const Told& told) { return told.writable > writable; }));
      }
    }
  }

  RecordingListener at_a_;
  RecordingListener at_b_;
  std::unique_ptr<CafTransport> a_;
  std::unique_ptr<CafTransport> b_;
};

TEST_F(CafTransportTest, DeliversFramesInOrderAndUnaltered) {
  start();
  send_all(20'000, 300);
  ASSERT_TRUE(at_b_.wait_frames("a", 20'000));
  const auto told = at_b_.told("a");
  for (std::size_t i = 0; i < told.frames.size(); ++i) {
    std::string expected = std::to_string(i);
    expected.resize(300, '.');
    ASSERT_EQ(told.frames[i], expected);
  }
}

TEST_F(CafTransportTest, CarriesEmptyFramesAndTheLargest) {
  start();
  const std::size_t largest = TransportOptions{}.frame_bytes_max;
  ASSERT_TRUE(a_->send("b", {kind, ""}));
  ASSERT_TRUE(at_b_.wait_frames("a", 1));
  ASSERT_TRUE(eventually([&] { return a_->status("b")->in_flight_bytes == 0; }));
  ASSERT_TRUE(a_->send("b", {kind, std::string(largest, 'x')}));
  ASSERT_TRUE(at_b_.wait_frames("a", 2));
  EXPECT_EQ(at_b_.told("a").frames[1].size(), largest);
  EXPECT_EQ(a_->send("b", {kind, std::string(largest + 1, 'x')}).error().code,
            ErrorCode::too_large);
}

TEST_F(CafTransportTest, RefusesFramesBeyondTheWindowAndReportsWritable) {
  at_b_.is_keeping_credit = true;
  start();
  const std::size_t window = TransportOptions{}.window_bytes;
  const std::string body(64 * 1024, 'x');
  std::size_t taken = 0;
  while (a_->send("b", {kind, body})) ++taken;
  EXPECT_LE(taken * body.size(), window);
  EXPECT_GT(taken * body.size(), window / 2);
  ASSERT_TRUE(at_b_.wait_frames("a", taken));
  EXPECT_EQ(a_->send("b", {kind, body}).error().code, ErrorCode::backlog_full);
  EXPECT_LE(b_->status("a")->held_bytes, window);
  EXPECT_EQ(at_a_.told("b").writable, 0);

  at_b_.let_go();
  ASSERT_TRUE(at_a_.wait("b", [](const Told& told) { return told.writable == 1; }));
  EXPECT_TRUE(a_->send("b", {kind, body}));
  at_b_.let_go();
}

TEST_F(CafTransportTest, HeldFramesOccupyTheWindowAfterAReconnect) {
  at_b_.is_keeping_credit = true;
  start();
  const std::string body(64 * 1024, 'x');
  while (a_->send("b", {kind, body})) {
  }
  const std::size_t held = a_->status("b")->in_flight_bytes;
  ASSERT_TRUE(eventually([&] { return b_->status("a")->held_bytes == held; }));
  const std::uint16_t port = b_->port();
  ASSERT_TRUE(a_->stop());
  ASSERT_TRUE(at_b_.wait_down("a"));
  auto options = quick_options("a", "b", port);
  options.own.incarnation = 2;
  a_ = started(std::move(options), at_a_);
  ASSERT_TRUE(at_b_.wait_up("a"));
  ASSERT_TRUE(at_a_.wait_up("b"));
  EXPECT_EQ(a_->send("b", {kind, body}).error().code, ErrorCode::backlog_full);
  EXPECT_LE(b_->status("a")->held_bytes, TransportOptions{}.window_bytes);
  at_b_.let_go();
  ASSERT_TRUE(at_a_.wait("b", [](const Told& told) { return told.writable > 0; }));
  EXPECT_TRUE(a_->send("b", {kind, body}));
  at_b_.let_go();
}

TEST_F(CafTransportTest, ReconnectsToAPeerThatRestartsLater) {
  start();
  const std::uint16_t port = b_->port();
  ASSERT_TRUE(b_->stop());
  b_.reset();
  ASSERT_TRUE(at_a_.wait_down("b"));
  EXPECT_EQ(at_a_.told("b").last_down.code, ErrorCode::unreachable);
  EXPECT_EQ(a_->send("b", {kind, "x"}).error().code, ErrorCode::unreachable);

  auto options = quick_options("b", "a");
  options.listen.port = port;
  options.own.incarnation = 2;
  b_ = started(std::move(options), at_b_);
  ASSERT_TRUE(b_);
  ASSERT_TRUE(at_a_.wait_up("b"));
  EXPECT_EQ(at_a_.told("b").incarnation, 2u);
  send_all(10, 10);
  EXPECT_TRUE(at_b_.wait_frames("a", 10));
}

TEST_F(CafTransportTest, RefusesAnOlderIncarnation) {
  auto newer = quick_options("a", "b");
  newer.own.incarnation = 5;
  start(newer);
  ASSERT_TRUE(a_->stop());
  ASSERT_TRUE(at_b_.wait_down("a"));
  auto older = quick_options("a", "b", b_->port());
  older.own.incarnation = 4;
  a_ = started(older, at_a_);
  ASSERT_TRUE(eventually([&] {
    return a_->status("b")->last_error.find("incarnation 4") != std::string::npos;
  })) << a_->status("b")->last_error;
  EXPECT_FALSE(b_->status("a")->is_up);
}

TEST_F(CafTransportTest, ReturnsNotFoundForAnUnknownPeer) {
  start();
  EXPECT_EQ(a_->send("z", {kind, "x"}).error().code, ErrorCode::not_found);
  EXPECT_EQ(a_->status("z").error().code, ErrorCode::not_found);
}

TEST_F(CafTransportTest, DeliversFramesInFlightBeforeGoodbye) {
  start();
  send_all(200, 1000);
  ASSERT_TRUE(a_->stop());
  EXPECT_EQ(at_b_.told("a").frame_count, 200u);
  ASSERT_TRUE(at_b_.wait_down("a"));
  EXPECT_THAT(at_b_.told("a").last_down.message, ::testing::HasSubstr("the node stops"));
  EXPECT_EQ(at_a_.told("b").last_down.code, ErrorCode::draining);
  EXPECT_EQ(a_->send("b", {kind, "x"}).error().code, ErrorCode::draining);
}

TEST(CafTransport, ResolvesNames) {
  RecordingListener at_a;
  RecordingListener at_b;
  auto b = started(quick_options("b", "a"), at_b);
  auto options = quick_options("a", "b", b->port());
  options.peers[0].address.host = "localhost";
  auto a = started(options, at_a);
  EXPECT_TRUE(at_a.wait_up("b"));
  EXPECT_TRUE(a->stop());
  EXPECT_TRUE(b->stop());
}

TEST(CafTransport, WithoutTlsListensAndDialsOnLoopbackOnly) {
  auto options = quick_options("a", "b");
  options.listen.host = "0.0.0.0";
  const auto made = CafTransport::make(options);
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().code, ErrorCode::invalid_argument);

  RecordingListener at_a;
  options = quick_options("a", "b");
  options.peers[0].address.host = "192.0.2.1";
  auto a = started(options, at_a);
  EXPECT_TRUE(eventually(
      [&] { return a->status("b")->last_error.find("without tls") != std::string::npos; }));
  EXPECT_TRUE(a->stop());
}

TEST(CafTransport, NamesThePortThatIsInUse) {
  RecordingListener listener;
  auto first = started(quick_options("b", "a"), listener);
  auto options = quick_options("b", "a");
  options.listen.port = first->port();
  auto second = CafTransport::make(options);
  ASSERT_TRUE(second);
  const auto start = (*second)->start(listener);
  ASSERT_FALSE(start);
  EXPECT_EQ(start.error().code, ErrorCode::unreachable);
  EXPECT_THAT(start.error().message, ::testing::HasSubstr(std::to_string(first->port())));
}

}  // namespace
}  // namespace millrace::transport
