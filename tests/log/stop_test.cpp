// Promises of every log about its end: a stop confirms what was accepted and refuses the rest; a
// failure ends confirmation for good, and is told once.
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogStop : public LogContract {};

TEST_P(LogStop, ConfirmsWhatWasAcceptedAndRefusesTheRest) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 200, 2'000);
  process->log->open_reserve();
  process->log->stop();
  EXPECT_EQ(process->listener.records().size(), 200u);
  const Result<void> late = process->append("late");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ErrorCode::draining);
  process->log->stop();
  const std::vector<Record> confirmed = process->listener.records();
  EXPECT_FALSE(process->listener.failed());
  process.reset();
  EXPECT_EQ(read_stopped().records, confirmed);
}

TEST_P(LogStop, InTheMiddleOfAppendsConfirmsExactlyTheAccepted) {
  for (int run = 0; run < 5; ++run) {
    auto process = start();
    ASSERT_TRUE(process);
    const std::size_t before = process->contents.records.size();
    std::atomic<std::size_t> accepted = 0;
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 3; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0;; ++i) {
          // As in a node, what is in flight is bounded.
          if (accepted > 1'000) (void)process->listener.await_records(accepted - 1'000);
          const Result<void> appended = process->append(std::to_string(i));
          if (!appended) {
            EXPECT_EQ(appended.error().code, ErrorCode::draining);
            return;
          }
          ++accepted;
        }
      });
    }
    EXPECT_TRUE(process->listener.await_records(100))
        << (process->listener.reasons().empty() ? "no outage was reported"
                                                : process->listener.reasons().back());
    process->log->stop();
    for (std::thread& one : threads) one.join();
    EXPECT_EQ(process->listener.records().size(), accepted);
    EXPECT_FALSE(process->listener.failed());
    process.reset();
    EXPECT_EQ(read_stopped().records.size(), before + accepted);
  }
}

TEST_P(LogStop, IsWhatTheDestructorDoes) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 100);
  process->log.reset();
  EXPECT_EQ(process->listener.records().size(), 100u);
  // Another process may open the log at once.
  auto next = start();
  ASSERT_TRUE(next);
  EXPECT_EQ(next->contents.records, process->listener.records());
  stop(next);
}

TEST_P(LogStop, BeforeTheStartGivesTheLogUp) {
  {
    const auto engine = fixture_->make_engine();
    const auto opened = engine->open(Opener::writer);
    ASSERT_OK(opened);
  }
  {
    const auto engine = fixture_->make_engine();
    const auto opened = engine->open(Opener::writer);
    ASSERT_OK(opened);
    ASSERT_OK(recover_all(**opened));
  }
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 100);
  stop(process);
}

TEST_P(LogStop, WaitsForAStalledWrite) {
  REQUIRE_FEATURE(stall);
  auto process = start();
  ASSERT_TRUE(process);
  fixture_->stall();
  process->append_numbers(1, 10);
  fixture_->await_stalled();
  EXPECT_TRUE(process->listener.records().empty()) << "confirmed before it was durable";
  std::thread stopping([&] { process->log->stop(); });
  EXPECT_TRUE(eventually([&] { return !process->append("late"); }));
  fixture_->resume();
  stopping.join();
  const std::vector<Record> confirmed = process->listener.records();
  EXPECT_GE(confirmed.size(), 10u);
  process.reset();
  EXPECT_EQ(read_stopped().records, confirmed);
}

TEST_P(LogStop, ByAFailedWriteEndsConfirmationForGood) {
  REQUIRE_FEATURE(write_failure);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(10, 100);
  fixture_->fail_writes();
  ASSERT_OK(process->append("never"));
  ASSERT_TRUE(process->listener.await_failed());
  EXPECT_EQ(process->listener.failed()->code, ErrorCode::storage_failed);
  EXPECT_FALSE(process->listener.failed()->message.empty());
  const Result<void> refused = process->append("after");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::storage_failed);
  process->log->stop();
  EXPECT_EQ(process->listener.records().size(), 10u);
  const std::vector<Record> confirmed = kill(process);
  const std::vector<Record> found = read_stopped().records;
  ASSERT_GE(found.size(), 10u);
  ASSERT_LE(found.size(), 11u) << "a refused record is found";
  EXPECT_EQ(std::vector<Record>(found.begin(), found.begin() + 10), confirmed);
}

TEST_P(LogStop, MayFollowABackup) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(20, 1'000);
  const auto always = [] {
    return Result<void>{};
  };
  const auto written = process->log->back_up("/backup", {.node = "a"}, 5, always);
  if (fixture_->has(Feature::backup)) {
    ASSERT_OK(written);
    EXPECT_EQ(written->last_lsn, 20u);
    EXPECT_GT(written->files, 0u);
    EXPECT_GT(written->bytes, 20'000u);
  } else {
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::invalid_argument);
    EXPECT_FALSE(written.error().message.empty());
  }
  process->write(1, 10);
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogStop);

}  // namespace
}  // namespace millrace::logs
