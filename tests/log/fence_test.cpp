// Promises of every log that another process can take over: from then on nothing of the former
// owner becomes part of the log, and the former owner is told so.
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogFence : public LogContract {};

TEST_P(LogFence, KeepsAFormerOwnersRecordsOut) {
  REQUIRE_FEATURE(fence);
  auto former = start();
  ASSERT_TRUE(former);
  former->write(20, 1'000);
  auto owner = start();
  ASSERT_TRUE(owner);
  EXPECT_EQ(owner->contents.records, former->listener.records());
  // The log may notice by itself that it is fenced, or by its next commit.
  if (former->append("never")) {
    ASSERT_TRUE(former->listener.await_failed());
  }
  ASSERT_TRUE(former->listener.await_failed());
  EXPECT_EQ(former->listener.failed()->code, ErrorCode::fenced);
  const Result<void> refused = former->append("nor this");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::fenced);
  EXPECT_EQ(former->listener.records().size(), 20u);
  former->log->stop();
  former.reset();
  owner->write(5, 100);
  std::vector<Record> all = owner->contents.records;
  for (const Record& record : owner->listener.records()) all.push_back(record);
  stop(owner);
  EXPECT_EQ(read_stopped().records, all);
}

TEST_P(LogFence, HoldsWhileTheFormerOwnerAppends) {
  REQUIRE_FEATURE(fence);
  std::vector<Record> all;
  auto owner = start();
  ASSERT_TRUE(owner);
  for (int round = 0; round < 5; ++round) {
    SCOPED_TRACE("round " + std::to_string(round));
    std::thread appending([&] {
      for (std::size_t i = 0; i < 20'000; ++i) {
        while (i > owner->listener.count() + 1'000 && !owner->listener.failed()) {
          std::this_thread::yield();
        }
        if (!owner->append(std::to_string(round) + "/" + std::to_string(i))) break;
      }
    });
    EXPECT_TRUE(owner->listener.await_records(20));
    auto next = start();
    appending.join();
    ASSERT_TRUE(next);
    ASSERT_TRUE(owner->listener.await_failed());
    EXPECT_EQ(owner->listener.failed()->code, ErrorCode::fenced);
    // The next owner has found all that the former one confirmed, in particular what was confirmed
    // while it took over.
    const std::vector<Record> confirmed = owner->listener.records();
    const std::vector<Record>& found = next->contents.records;
    ASSERT_GE(found.size(), all.size() + confirmed.size()) << "a confirmed record is lost";
    for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(found[i], all[i]);
    for (std::size_t i = 0; i < confirmed.size(); ++i) {
      ASSERT_EQ(found[all.size() + i], confirmed[i]);
    }
    all = found;
    owner->log->stop();
    owner = std::move(next);
  }
  stop(owner);
  EXPECT_EQ(read_stopped().records, all);
}

TEST_P(LogFence, KeepsAFormerOwnersCheckpointsAndReleasesOut) {
  REQUIRE_FEATURE(fence);
  auto former = start();
  ASSERT_TRUE(former);
  former->write(40, 10'000);
  ASSERT_OK(former->checkpoint(11, "good"));
  auto owner = start();
  ASSERT_TRUE(owner);
  const auto failed = former->checkpoint(31, "of a former owner");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::fenced);
  const std::vector<Record> records = former->listener.records();
  former->log->release_before(former->log->stats().current_segment);
  former->log->stop();
  former.reset();
  const auto body = owner->log->read(records[39].place);
  ASSERT_OK(body);
  EXPECT_EQ(*body, records[39].body);
  kill(owner);
  const Contents contents = read_stopped();
  ASSERT_EQ(contents.entries.size(), 1u);
  EXPECT_EQ(contents.entries[0].second, "good");
  EXPECT_EQ(contents.records, std::vector<Record>(records.begin() + 10, records.end()));
}

TEST_P(LogFence, HoldsForAnOwnerInAnOutage) {
  REQUIRE_FEATURE(fence);
  REQUIRE_FEATURE(outage);
  auto former = start();
  ASSERT_TRUE(former);
  former->write(10, 100);
  fixture_->cut();
  ASSERT_OK(former->append("never"));
  ASSERT_TRUE(former->listener.await([&] { return former->listener.outages() >= 1; }));
  fixture_->mend();
  // Whoever is first, the former owner's reconnect or the takeover: one log results.
  auto owner = start();
  ASSERT_TRUE(owner);
  ASSERT_GE(owner->contents.records.size(), 10u);
  [[maybe_unused]] const Result<void> refused = former->append("nor this");
  ASSERT_TRUE(former->listener.await_failed());
  EXPECT_EQ(former->listener.failed()->code, ErrorCode::fenced);
  EXPECT_GE(owner->contents.records.size(), former->listener.records().size());
  former->log->stop();
  owner->write(3, 100);
  stop(owner);
}

TEST_P(LogFence, GivesEachOpeningAHigherEpoch) {
  REQUIRE_FEATURE(fence);
  std::uint64_t last = 0;
  for (int run = 0; run < 3; ++run) {
    const auto engine = fixture_->make_engine();
    const auto opened = engine->open(Opener::writer);
    ASSERT_OK(opened);
    EXPECT_GT((*opened)->epoch(), last);
    last = (*opened)->epoch();
    ASSERT_OK(recover_all(**opened));
  }
}

INSTANTIATE_LOG_CONTRACT(LogFence);

}  // namespace
}  // namespace millrace::logs
