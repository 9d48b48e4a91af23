// Promise: a client never has more unconfirmed than its window, in messages and in bytes; a message
// that is larger than the window goes alone.
#include "actors/sender/sender_inbox.hpp"

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

}  // namespace
}  // namespace millrace::senders
