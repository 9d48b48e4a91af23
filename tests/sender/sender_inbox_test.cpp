// Promise: a client never has more unconfirmed than its window, in messages and in bytes; a message
// that is larger than the window goes alone. Closing refuses new messages and waits for the others.
#include "actors/sender/sender_inbox.hpp"

#include <chrono>
#include <future>

#include <gtest/gtest.h>

namespace millrace::senders {
namespace {

UnsentMessage of_size(std::size_t bytes) {
  UnsentMessage message;
  message.envelope = std::make_unique<pb::Envelope>();
  message.envelope->set_payload(std::string(bytes, 'x'));
  return message;
}

TEST(SenderInbox, IsBoundedInMessages) {
  SenderInbox inbox({.messages = 2}, [] {});
  EXPECT_TRUE(inbox.try_push(of_size(1)));
  EXPECT_TRUE(inbox.try_push(of_size(1)));
  EXPECT_EQ(inbox.try_push(of_size(1)).error().code, ErrorCode::backlog_full);
  EXPECT_EQ(inbox.take_all().size(), 2u);
  EXPECT_FALSE(inbox.try_push(of_size(1))) << "what is taken is not confirmed";
  inbox.confirm(1, 1);
  EXPECT_TRUE(inbox.try_push(of_size(1)));
}

TEST(SenderInbox, IsBoundedInBytes) {
  SenderInbox inbox({.messages = 100, .bytes = 10}, [] {});
  EXPECT_TRUE(inbox.try_push(of_size(4)));
  EXPECT_TRUE(inbox.try_push(of_size(6)));
  EXPECT_EQ(inbox.try_push(of_size(1)).error().code, ErrorCode::backlog_full);
  inbox.confirm(1, 4);
  EXPECT_FALSE(inbox.try_push(of_size(5)));
  EXPECT_TRUE(inbox.try_push(of_size(4)));
}

TEST(SenderInbox, TakesALargerMessageAlone) {
  SenderInbox inbox({.messages = 100, .bytes = 10}, [] {});
  EXPECT_TRUE(inbox.try_push(of_size(50)));
  EXPECT_FALSE(inbox.try_push(of_size(0)));
  inbox.confirm(1, 50);
  EXPECT_TRUE(inbox.try_push(of_size(1)));
  EXPECT_FALSE(inbox.try_push(of_size(50)));
}

TEST(SenderInbox, BlocksUntilTheBytesFit) {
  SenderInbox inbox({.messages = 100, .bytes = 10}, [] {});
  ASSERT_TRUE(inbox.push(of_size(10)));
  auto second = std::async(std::launch::async, [&] { return inbox.push(of_size(10)).has_value(); });
  inbox.confirm(1, 10);
  EXPECT_TRUE(second.get());
  EXPECT_EQ(inbox.take_all().size(), 2u);
}

TEST(SenderInbox, RefusesMessagesOnceItIsClosed) {
  int woken = 0;
  SenderInbox inbox({.messages = 1}, [&woken] { ++woken; });
  ASSERT_TRUE(inbox.try_push(of_size(1)));
  auto waiting = std::async(std::launch::async, [&] { return inbox.push(of_size(1)); });
  inbox.close();
  EXPECT_EQ(waiting.get().error().code, ErrorCode::draining) << "it waited for room";
  EXPECT_EQ(inbox.try_push(of_size(1)).error().code, ErrorCode::draining);
  EXPECT_EQ(woken, 2) << "once for the message, once to end";
  EXPECT_FALSE(inbox.is_done());
  inbox.confirm(1, 1);
  EXPECT_TRUE(inbox.is_done());
}

TEST(SenderInbox, ClosesWhenEverythingIsDurable) {
  SenderInbox inbox({.messages = 4}, [] {});
  ASSERT_TRUE(inbox.try_push(of_size(1)));
  ASSERT_TRUE(inbox.try_push(of_size(1)));
  const auto late = inbox.close_and_wait(std::chrono::milliseconds(0));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::timeout);
  EXPECT_EQ(late.error().message.substr(0, 10), "2 messages");
  auto closed = std::async(std::launch::async,
                           [&] { return inbox.close_and_wait(std::chrono::milliseconds::max()); });
  inbox.confirm(2, 2);
  EXPECT_TRUE(closed.get());
  inbox.fail({ErrorCode::draining, "the sender has ended"});
  EXPECT_TRUE(inbox.close_and_wait(std::chrono::milliseconds(0))) << "nothing is left";
}

TEST(SenderInbox, ClosesWithTheFailureOfTheSender) {
  SenderInbox inbox({.messages = 4}, [] {});
  ASSERT_TRUE(inbox.try_push(of_size(1)));
  auto closed = std::async(std::launch::async,
                           [&] { return inbox.close_and_wait(std::chrono::milliseconds::max()); });
  inbox.fail({ErrorCode::fenced, "another sender"});
  EXPECT_EQ(closed.get().error().code, ErrorCode::fenced);
}

}  // namespace
}  // namespace millrace::senders
