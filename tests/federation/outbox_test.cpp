// Promise: operators see the messages in outboxes but cannot drop them; for a queue on several
// nodes they see the shards that this node serves.
#include <atomic>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "tests/federation/linked_node.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

TEST(Outbox, IsShownToOperatorsButCannotBeDropped) {
  constexpr std::uint64_t messages = 20;
  const std::string outbox = "outbox/" + passed().name();
  const journal::TemporaryDirectory directory;
  LinkedNode a({"a", directory.path(), passing(std::make_shared<Seen>())});
  a.enter(messages);
  ASSERT_TRUE(transport::eventually([&] { return a.queue(outbox).ledger.queued() == messages; }));
  const auto seen = a.runtime().peek(outbox, 100);
  ASSERT_OK(seen);
  EXPECT_EQ(seen->size(), messages);
  for (const auto& refused :
       {a.runtime().drop(outbox, {}), a.runtime().purge(outbox), a.runtime().redrive(outbox)}) {
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid_argument);
    EXPECT_NE(refused.error().message.find("is an outbox"), std::string::npos);
  }
  EXPECT_EQ(a.queue(outbox).ledger.queued(), messages);
  EXPECT_EQ(a.runtime().purge(passed().name())->messages, 0u) << "nothing of it is served here";
}

TEST(Outbox, DoesNotBlockARedriveOfDeadLetters) {
  const journal::TemporaryDirectory directory;
  const auto mended = std::make_shared<std::atomic<bool>>(false);
  const auto seen = std::make_shared<Seen>();
  const auto handle = [mended, seen](const StringValue& in) -> Outcome<void> {
    if (!*mended) return Reject{"not today"};
    seen->add(name_of(in));
    return {};
  };
  LinkedNode a({.name = "a",
                .data_dir = directory.path(),
                .pipelines = {pipeline("test").from(work()).then("fussy", handle,
                                                                 {.dead_letter = "graveyard"})},
                .placement = [](const auto&, std::uint32_t shard) {
                  return shard == 1 ? "a" : "b";  // so the first served shard is not shard 0
                }});
  a.enter(40);
  const std::uint64_t here = 40 - a.queue("outbox/" + work().name()).ledger.offered;
  ASSERT_GT(here, 0u);
  ASSERT_TRUE(transport::eventually([&] { return a.queue("graveyard").ledger.queued() == here; }));
  *mended = true;
  const auto removed = a.runtime().redrive("graveyard");
  ASSERT_OK(removed);
  EXPECT_EQ(removed->messages, here);
  EXPECT_TRUE(seen->wait_for(here));
}

}  // namespace
}  // namespace millrace
