// Promise: a node drains in bounded time, also if its peers do not respond. Messages that no peer
// has taken stay in the outboxes and arrive exactly once after the next start.
#include <chrono>
#include <memory>

#include <gtest/gtest.h>

#include "tests/federation/linked_node.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace {
namespace {

using std::chrono::steady_clock;

constexpr int messages = 300;
constexpr const char* outbox = "outbox/test.passed";

void expect_each_once(const Seen& seen) {
  const auto counts = seen.counts();
  EXPECT_EQ(counts.size(), static_cast<std::size_t>(messages));
  for (const auto& [name, count] : counts) EXPECT_EQ(count, 1) << name;
}

TEST(Drain, EndsAtOnceWhileAPeerIsAway) {
  const journal::TemporaryDirectory a_directory;
  const journal::TemporaryDirectory b_directory;
  const auto seen = std::make_shared<Seen>();
  {
    LinkedNode a({"a", a_directory.path(), passing(seen), 1});
    a.enter(messages);
    ASSERT_TRUE(transport::eventually([&] {
      return a.queue(outbox).ledger.queued() == messages && a.queue(outbox).in_flight > 0;
    }));
    const auto began = steady_clock::now();
    ASSERT_OK(a.runtime().stop(std::chrono::seconds(30)));
    EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(5));
  }
  LinkedNode b({"b", b_directory.path(), passing(seen), 1});
  LinkedNode a({"a", a_directory.path(), passing(seen), 2, b.transport().port()});
  EXPECT_EQ(a.queue(outbox).ledger.redelivered, 0u);
  ASSERT_TRUE(seen->wait_for(messages));
  ASSERT_TRUE(transport::eventually([&] { return a.queue(outbox).ledger.queued() == 0; }));
  expect_each_once(*seen);
}

TEST(Drain, FlushesToAPeerThatAccepts) {
  const journal::TemporaryDirectory a_directory;
  const journal::TemporaryDirectory b_directory;
  const auto seen = std::make_shared<Seen>();
  LinkedNode b({"b", b_directory.path(), passing(seen), 1});
  {
    LinkedNode a({"a", a_directory.path(), passing(seen), 1, b.transport().port()});
    ASSERT_TRUE(transport::eventually([&] { return a.transport().status("b")->is_up; }));
    a.enter(messages);
    ASSERT_TRUE(transport::eventually([&] { return a.queue(work().name()).ledger.queued() == 0; }));
    ASSERT_OK(a.runtime().stop());
  }
  ASSERT_TRUE(seen->wait_for(messages));
  expect_each_once(*seen);
  LinkedNode a({"a", a_directory.path(), passing(seen), 2, b.transport().port()});
  EXPECT_EQ(a.queue(outbox).ledger.queued(), 0u);
}

// The link is up, but the other node reads no more data.
TEST(Drain, EndsInTimeWhileAPeerReadsNothing) {
  const journal::TemporaryDirectory a_directory;
  const journal::TemporaryDirectory b_directory;
  const auto seen = std::make_shared<Seen>();
  LinkedNode b({"b", b_directory.path(), passing(seen), 1});
  ASSERT_OK(b.runtime().stop());
  LinkedNode a({"a", a_directory.path(), passing(seen), 1, b.transport().port()});
  a.enter(messages);
  ASSERT_TRUE(transport::eventually([&] { return a.queue(outbox).ledger.queued() == messages; }));
  const auto began = steady_clock::now();
  ASSERT_OK(a.runtime().stop(std::chrono::seconds(30)));
  EXPECT_LT(steady_clock::now() - began, std::chrono::seconds(10));
}

}  // namespace
}  // namespace millrace
