// Promise: removals by operators leave leased messages alone, a redriven message exists once, and
// the ledgers balance.
#include "actors/queue/decide/removal.hpp"

#include <gtest/gtest.h>

#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/work.hpp"

namespace millrace::queues {
namespace {

class QueueRemoval : public ::testing::Test {
 protected:
  /// Makes dead letters of messages whose payloads are `payloads`, all of `key`.
  void kill(const std::vector<std::string>& payloads, const std::string& key = "k") {
    for (const std::string& payload : payloads) work.append(key, payload, 7);
    while (true) {
      const auto grants = work.lease(100);
      if (grants.empty()) break;
      for (const Grant& grant : grants) {
        work.complete(
            Work::outcome(grant, std::vector<Kind>(grant.messages.size(), Kind::rejected)));
      }
      work.world.commit();
    }
  }
  std::vector<PageEntry> page(QueueNumber queue, Sequence from = 0, std::size_t max = 100) {
    return page_of(work.state(queue), from, max).messages;
  }
  /// Redrives the messages of a page that may be leased. Returns how many.
  std::uint64_t redrive(const std::vector<PageEntry>& entries) {
    const auto leases = hold(work.state(2), entries, work.world.now());
    const auto record = work.world.send(
        2, decide_redrive(work.state(2), leases, entries, origins, work.world.now()));
    return record == nullptr ? 0 : static_cast<std::uint64_t>(record->change(0).drop_size());
  }
  std::uint64_t drop(QueueNumber queue, const std::vector<PageEntry>& entries) {
    const auto leases = hold(work.state(queue), entries, work.world.now());
    const auto record =
        work.world.send(queue, decide_drop(work.state(queue), leases, work.world.now()));
    return record == nullptr ? 0 : static_cast<std::uint64_t>(record->change(0).drop_size());
  }
  void expect_sound() {
    for (const auto& [number, state] : work.world.queues()) EXPECT_EQ(check_invariants(*state), "");
  }

  Work work;
  Origins origins{{"work", 1}, {"next", 3}};
};

TEST_F(QueueRemoval, RedrivesADeadLetterUnchangedAndWithoutFailures) {
  kill({"a"});
  const MessageId id{work.state(2).durable.index.body(1)->message()->id_high(), 0};
  EXPECT_EQ(redrive(page(2)), 1u);
  EXPECT_EQ(work.state(1).durable.index.size(), 0u) << "not before it is durable";
  work.world.commit();
  EXPECT_EQ(work.state(2).durable.index.size(), 0u);
  EXPECT_EQ(work.state(2).durable.ledger.dropped, 1u);
  const auto grants = work.lease(1);
  ASSERT_EQ(text(grants), "a");
  const GrantedMessage& message = grants[0].messages[0];
  EXPECT_EQ(message.failed, 0u);
  EXPECT_EQ(message.acquired, 1u);
  EXPECT_EQ(message.body->key(), "k");
  EXPECT_EQ(priority_of(*message.body), 7);
  EXPECT_EQ(message.body->id_high(), id.high);
  EXPECT_EQ(message.body->redriven(), 1u);
  EXPECT_FALSE(message.body->has_dead_letter());
  expect_sound();
}

TEST_F(QueueRemoval, CountsHowOftenADeadLetterWasRedriven) {
  kill({"a"});
  redrive(page(2));
  work.world.commit();
  kill({});
  const auto dead_letters = page(2);
  ASSERT_EQ(dead_letters.size(), 1u);
  EXPECT_EQ(dead_letters[0].body->redriven(), 1u);
  EXPECT_TRUE(dead_letters[0].body->has_dead_letter());
}

TEST_F(QueueRemoval, RedrivesToTheEndOfTheKeyInTheOldOrder) {
  kill({"1", "2", "3"});
  work.append("k", "4", 7);
  redrive(page(2));
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "4+1+2+3");
}

TEST_F(QueueRemoval, PagesAreBoundedInMessagesAndBytesAndNameTheNextNumber) {
  for (int i = 0; i < 5; ++i) work.append("", std::string(1u << 20, 'x'));
  Page first = page_of(work.state(), 0, 10);
  EXPECT_EQ(first.messages.size(), 2u);
  EXPECT_EQ(first.next, 3u);
  EXPECT_EQ(first.last, 5u);
  EXPECT_EQ(page_of(work.state(), 3, 1).messages.size(), 1u);
  EXPECT_EQ(page_of(work.state(), 5, 10).next, 0u);
  EXPECT_TRUE(page_of(work.state(), 6, 10).messages.empty());
}

TEST_F(QueueRemoval, LeavesLeasedMessagesAlone) {
  for (const char* payload : {"1", "2"}) work.append("held", payload);
  work.append("", "alone");
  work.append("free");
  work.state().limits.run_messages = 1;
  const auto grants = work.lease(2);
  ASSERT_EQ(grants.size(), 2u);
  EXPECT_EQ(drop(1, page(1)), 1u) << "only the free one: the other key has its order to keep";
  work.world.commit();
  for (const Grant& grant : grants) EXPECT_TRUE(work.complete(Work::acked(grant)).refused.empty());
  work.world.commit();
  EXPECT_EQ(work.run_all(), 1u);
  EXPECT_EQ(work.state().durable.ledger.acked, 3u);
  EXPECT_EQ(work.state().durable.ledger.dropped, 1u);
  expect_sound();
}

TEST_F(QueueRemoval, InFlightKeepsItsMessagesFromLeasesAndOtherRemovals) {
  for (const char* payload : {"1", "2", "3"}) work.append("k", payload);
  work.append("", "alone");
  EXPECT_EQ(drop(1, page(1)), 4u);
  EXPECT_EQ(drop(1, page(1)), 0u);
  EXPECT_TRUE(work.lease(10).empty());
  work.world.commit();
  EXPECT_EQ(work.state().durable.ledger.dropped, 4u);
  EXPECT_EQ(work.state().live.in_flight, 0u);
  EXPECT_EQ(work.state().keys.size(), 0u);
  expect_sound();
}

TEST_F(QueueRemoval, OfSomeMessagesOfAKeyLeavesTheRestInOrder) {
  for (const char* payload : {"1", "2", "3", "4"}) work.append("k", payload);
  auto some = page(1);
  some.erase(some.begin() + 2);
  some.erase(some.begin());
  drop(1, some);
  EXPECT_TRUE(work.lease(10).empty()) << "the key waits for it";
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "1+3");
  expect_sound();
}

TEST_F(QueueRemoval, OfADelayedMessageKeepsTheTimeOfThoseBehindIt) {
  const auto at = [&](const std::string& key, const std::string& payload, DurationUs delay_us) {
    auto envelope = message(key, payload);
    if (delay_us > 0) envelope->set_not_before_us(work.world.now() + delay_us);
    work.append(*envelope);
  };
  at("k", "1", 1'000);
  at("k", "2", 0);
  at("", "alone", 1'000);
  at("j", "3", 1'000);
  at("j", "4", 0);
  auto some = page(1);
  some.erase(some.begin() + 3);  // keeps the head of key j
  some.erase(some.begin() + 1);  // keeps the second message of key k
  EXPECT_EQ(drop(1, some), 3u);
  work.world.advance(2'000);
  EXPECT_TRUE(work.lease(10).empty()) << "though the time of what is held has come";
  work.world.commit();
  EXPECT_EQ(text(work.lease(10)), "2 3");
  expect_sound();
}

TEST_F(QueueRemoval, LostInACrashChangesNothing) {
  kill({"a", "b"});
  redrive(page(2));
  work.world.crash();
  EXPECT_EQ(work.state(2).durable.index.size(), 2u);
  EXPECT_EQ(redrive(page(2)), 2u);
  work.world.commit();
  work.world.crash();
  EXPECT_EQ(work.state(2).durable.index.size(), 0u);
  EXPECT_EQ(work.run_all(), 2u);
}

TEST_F(QueueRemoval, RedrivesOnlyDeadLettersOfAKnownQueue) {
  pb::Envelope dead_letter;
  EXPECT_FALSE(is_redrivable(dead_letter, origins));
  dead_letter.mutable_dead_letter()->set_origin_queue("gone");
  EXPECT_FALSE(is_redrivable(dead_letter, origins));
  dead_letter.mutable_dead_letter()->set_origin_queue("next");
  EXPECT_TRUE(is_redrivable(dead_letter, origins));
}

TEST_F(QueueRemoval, KeepsNoTicketsOfDroppedMessages) {
  for (int i = 0; i < 20'000; ++i) {
    work.append("", "x");
    work.append("k" + std::to_string(i));
    if (i % 50 == 0) {
      drop(1, page(1, 0, 1'000));
      work.world.commit();
    }
  }
  drop(1, page(1, 0, 1'000));
  work.world.commit();
  std::uint64_t tickets = 0;
  work.state().live.lines.visit(priority_default, [&](Ticket) { return ++tickets > 0; });
  EXPECT_LT(tickets, 10'000u);
}

}  // namespace
}  // namespace millrace::queues
