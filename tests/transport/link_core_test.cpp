// Promise: LinkCore enforces the order of the handshake, delivers frames once and in order, and
// detects silence. Checked with two cores in memory, without sockets or a clock.
#include "cluster/transport/protocol/link_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/transport/protocol/hello_check.hpp"

namespace millrace::transport {
namespace {

constexpr LinkTimes times{.hello_us = 5'000'000, .ping_us = 1'000'000, .silence_us = 5'000'000};
constexpr std::size_t largest = 1000;

class LinkCoreTest : public ::testing::Test {
 protected:
  // Moves the bytes that one side has written to `to`, and returns the next event of `to`.
  LinkEvent pass(std::string& from, LinkCore& to) {
    to.receive(from, now_us_);
    from.clear();
    return to.next();
  }
  void bring_up() {
    a_.say_hello(hello_, from_a_);
    b_.say_hello(hello_, from_b_);
    ASSERT_TRUE(std::holds_alternative<HelloReceived>(pass(from_a_, b_)));
    b_.welcome(5, from_b_);
    ASSERT_TRUE(std::holds_alternative<HelloReceived>(pass(from_b_, a_)));
    a_.welcome(0, from_a_);
    const auto up = a_.next();
    ASSERT_TRUE(std::holds_alternative<LinkUp>(up));
    EXPECT_EQ(std::get<LinkUp>(up).held, 5u);
    ASSERT_TRUE(std::holds_alternative<LinkUp>(pass(from_a_, b_)));
  }
  static Error reason(const LinkEvent& event) {
    const auto* const closed = std::get_if<LinkClosed>(&event);
    return closed != nullptr ? closed->reason : Error{ErrorCode::not_found, "not closed"};
  }
  std::string record(RecordKind kind, std::string_view body = "", std::uint64_t sequence = 0) {
    std::string bytes;
    append_record(bytes, {.kind = kind, .sequence = sequence, .body = body});
    return bytes;
  }
  void expect_breach(std::string bytes) {
    EXPECT_EQ(reason(pass(bytes, b_)).code, ErrorCode::protocol);
    EXPECT_TRUE(b_.is_closed());
  }

  TimeUs now_us_ = 1'000'000;
  pb::Hello hello_ = make_hello({"cluster", "a", 1, 1});
  LinkCore a_{largest, times, now_us_};
  LinkCore b_{largest, times, now_us_};
  std::string from_a_;
  std::string from_b_;
};

TEST_F(LinkCoreTest, DeliversFramesInOrderForAnySplitOfTheBytes) {
  bring_up();
  for (int i = 0; i < 50; ++i) {
    a_.send({FrameKind{9}, std::string(static_cast<std::size_t>(i), 'x')}, from_a_);
  }
  std::size_t next = 0;
  for (const char byte : from_a_) {
    b_.receive({&byte, 1}, now_us_);
    for (auto event = b_.next(); !std::holds_alternative<std::monostate>(event);
         event = b_.next()) {
      ASSERT_TRUE(std::holds_alternative<FrameReceived>(event));
      EXPECT_EQ(std::get<FrameReceived>(event).frame.bytes.size(), next++);
      EXPECT_EQ(std::get<FrameReceived>(event).frame.kind, FrameKind{9});
    }
  }
  EXPECT_EQ(next, 50u);
}

TEST_F(LinkCoreTest, DropsADuplicateFrame) {
  bring_up();
  a_.send({FrameKind{1}, "once"}, from_a_);
  std::string again = from_a_;
  EXPECT_TRUE(std::holds_alternative<FrameReceived>(pass(from_a_, b_)));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(pass(again, b_)));
}

TEST_F(LinkCoreTest, EndsWhenAFrameIsMissing) {
  bring_up();
  a_.send({FrameKind{1}, "lost"}, from_a_);
  from_a_.clear();
  a_.send({FrameKind{1}, "next"}, from_a_);
  expect_breach(from_a_);
}

TEST_F(LinkCoreTest, EndsOnAFrameBeforeTheWelcome) {
  expect_breach(record(RecordKind::frame, "x", 1));
}

TEST_F(LinkCoreTest, EndsOnCreditOrAPingBeforeTheWelcome) {
  expect_breach(record(RecordKind::credit, "", 100));
  b_ = LinkCore(largest, times, now_us_);
  expect_breach(record(RecordKind::ping));
}

TEST_F(LinkCoreTest, EndsOnAWelcomeBeforeTheHello) {
  expect_breach(record(RecordKind::welcome));
}

TEST_F(LinkCoreTest, EndsOnASecondHello) {
  bring_up();
  expect_breach(record(RecordKind::hello, hello_.SerializeAsString()));
}

TEST_F(LinkCoreTest, EndsOnInvalidHelloBytes) {
  expect_breach(record(RecordKind::hello, "\xff\xff\xff\xff"));
}

TEST_F(LinkCoreTest, EndsOnALengthBeyondTheLimitBeforeItsBytesArrive) {
  bring_up();
  expect_breach(
      record(RecordKind::frame, std::string(largest + 1, 'x'), 1).substr(0, record_header_bytes));
}

TEST_F(LinkCoreTest, EndsOnAnUnknownKind) {
  bring_up();
  expect_breach(record(RecordKind{7}));
  b_ = LinkCore(largest, times, now_us_);
  expect_breach(record(RecordKind{0}));
}

TEST_F(LinkCoreTest, IgnoresBytesOnceClosed) {
  bring_up();
  expect_breach(record(RecordKind{99}));
  auto frame = record(RecordKind::frame, "x", 1);
  EXPECT_TRUE(std::holds_alternative<std::monostate>(pass(frame, b_)));
}

TEST_F(LinkCoreTest, ReportsTheReasonOfAGoodbye) {
  bring_up();
  a_.goodbye({ErrorCode::draining, "the node\nstops"}, from_a_);
  const auto why = reason(pass(from_a_, b_));
  EXPECT_EQ(why.code, ErrorCode::unreachable);
  EXPECT_THAT(why.message, ::testing::HasSubstr("the node?stops"));
}

TEST_F(LinkCoreTest, TimesOutWithoutAWelcome) {
  std::string out;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(a_.tick(now_us_ + times.hello_us - 1, out)));
  EXPECT_EQ(reason(a_.tick(now_us_ + times.hello_us, out)).code, ErrorCode::timeout);
}

TEST_F(LinkCoreTest, PingsKeepAnIdleLinkUp) {
  bring_up();
  for (int i = 0; i < 200; ++i) {
    now_us_ += 100'000;
    EXPECT_TRUE(std::holds_alternative<std::monostate>(a_.tick(now_us_, from_a_)));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(b_.tick(now_us_, from_b_)));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(pass(from_a_, b_)));
    EXPECT_TRUE(std::holds_alternative<std::monostate>(pass(from_b_, a_)));
  }
}

TEST_F(LinkCoreTest, ClosesWhenThePeerIsSilent) {
  bring_up();
  LinkEvent event;
  const TimeUs begun = now_us_;
  while (std::holds_alternative<std::monostate>(event) && now_us_ < begun + 60'000'000) {
    now_us_ += 100'000;
    event = b_.tick(now_us_, from_b_);
  }
  EXPECT_EQ(reason(event).code, ErrorCode::timeout);
  EXPECT_EQ(now_us_ - begun, times.silence_us);
}

TEST_F(LinkCoreTest, DoesNotCountItsOwnPauseAsSilence) {
  bring_up();
  now_us_ += 100'000;
  b_.tick(now_us_, from_b_);
  now_us_ += 3'600'000'000;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(b_.tick(now_us_, from_b_)));
  now_us_ += 100'000;
  EXPECT_TRUE(std::holds_alternative<std::monostate>(b_.tick(now_us_, from_b_)));
}

}  // namespace
}  // namespace millrace::transport
