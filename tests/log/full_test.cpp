// Promises of every log without room: it says so, nothing that was accepted is lost, and it goes on
// when there is room again.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogFull : public LogContract {
 protected:
  /// There is no room from now on, except for the reserve of an engine that has one.
  void fill(Process& process) {
    if (fixture_->has(Feature::reserve)) {
      EXPECT_TRUE(eventually([&] { return process.log->stats().segments_ready >= 2; }));
    }
    fixture_->fill();
  }
  /// Appends `count` records of 20,000 bytes, and waits until the log says that it is full.
  static void fill_up(Process& process, int count) {
    for (int i = 0; i < count; ++i) {
      EXPECT_OK(process.append(std::to_string(i) + ":" + std::string(20'000, 'x')));
    }
    EXPECT_TRUE(eventually([&] { return process.log->storage_full(); }));
    EXPECT_TRUE(process.listener.await([&] { return process.listener.fulls() >= 2; }))
        << "it is told again and again";
  }
};

TEST_P(LogFull, LetsRecordsWaitUntilThereIsRoom) {
  REQUIRE_FEATURE(full);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 100);
  fill(*process);
  fill_up(*process, 40);
  EXPECT_LT(process->listener.records().size(), 43u);
  EXPECT_EQ(process->listener.frees(), 0);
  EXPECT_FALSE(process->listener.failed());
  fixture_->make_room();
  ASSERT_TRUE(process->listener.await_records(43));
  EXPECT_TRUE(eventually([&] { return !process->log->storage_full(); }));
  EXPECT_FALSE(process->log->storage_exhausted());
  EXPECT_TRUE(process->listener.await([&] { return process->listener.frees() == 1; }));
  const std::vector<Record> confirmed = process->listener.records();
  for (int i = 0; i < 40; ++i) {
    EXPECT_TRUE(
        confirmed[static_cast<std::size_t>(i) + 3].body.starts_with(std::to_string(i) + ":"));
  }
  stop(process);
  EXPECT_EQ(read_stopped().records, confirmed);
}

TEST_P(LogFull, StillReads) {
  REQUIRE_FEATURE(full);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 100);
  fill(*process);
  fill_up(*process, 40);
  const Record record = process->listener.records()[1];
  const auto body = process->log->read(record.place);
  ASSERT_OK(body);
  EXPECT_EQ(*body, record.body);
  fixture_->make_room();
  ASSERT_TRUE(process->listener.await_records(43));
  stop(process);
}

TEST_P(LogFull, StopsWithTheRestUnconfirmed) {
  REQUIRE_FEATURE(full);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 100);
  fill(*process);
  fill_up(*process, 40);
  process->log->stop();
  const std::vector<Record> confirmed = process->listener.records();
  EXPECT_GE(confirmed.size(), 3u);
  EXPECT_LT(confirmed.size(), 43u);
  EXPECT_FALSE(process->listener.failed());
  process.reset();
  fixture_->make_room();
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records, confirmed);
  process->write(10, 20'000);
  stop(process);
}

TEST_P(LogFull, IsFoundWholeAfterAKill) {
  REQUIRE_FEATURE(full);
  auto process = start();
  ASSERT_TRUE(process);
  fill(*process);
  fill_up(*process, 40);
  const std::vector<Record> confirmed = kill(process);
  fixture_->make_room();
  process = start();
  ASSERT_TRUE(process);
  ASSERT_GE(process->contents.records.size(), confirmed.size());
  for (std::size_t i = 0; i < confirmed.size(); ++i) {
    EXPECT_EQ(process->contents.records[i], confirmed[i]);
  }
  process->write(10, 20'000);
  stop(process);
}

TEST_P(LogFull, LetsRecordsThatMakeRoomGoFirst) {
  REQUIRE_FEATURE(reserve);
  auto process = start();
  ASSERT_TRUE(process);
  process->write(3, 100);
  fill(*process);
  fill_up(*process, 40);
  ASSERT_OK(process->log->append(propose_room("room")));
  // Records that wait may follow it into the rest of its segment.
  ASSERT_TRUE(eventually([&] {
    const std::vector<Record> records = process->listener.records();
    return std::any_of(records.begin(), records.end(),
                       [](const Record& record) { return record.body == "room"; });
  }));
  EXPECT_LT(process->listener.records().size(), 44u) << "the others wait";
  fixture_->make_room();
  ASSERT_TRUE(process->listener.await_records(44));
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogFull);

}  // namespace
}  // namespace millrace::logs
