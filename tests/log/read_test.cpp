// Promises of every log about cold reads: the record at a place is read back unchanged while the
// log is written, and `not_found` says that its segment was released.
#include <algorithm>
#include <atomic>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogRead : public LogContract {};

TEST_P(LogRead, ReturnsEachRecordByItsPlace) {
  auto process = start();
  ASSERT_TRUE(process);
  for (std::uint64_t number = 1; number <= 200; ++number) {
    ASSERT_OK(process->log->append(
        propose(body_of(number, 4'000), static_cast<std::uint32_t>(number % 16))));
  }
  ASSERT_TRUE(process->listener.await_records(200));
  const std::vector<Record> before = process->listener.records();
  for (int run = 0; run < 2; ++run) {
    for (const Record& record : before) {
      const auto body = process->log->read(record.place);
      ASSERT_OK(body);
      EXPECT_EQ(*body, record.body);
    }
    stop(process);
    process = start();
    ASSERT_TRUE(process);
  }
  stop(process);
}

TEST_P(LogRead, VisitsManyInLogOrderWhateverTheOrderOfThePlaces) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 500, 2'000);
  ASSERT_TRUE(process->listener.await_records(500));
  std::vector<Record> records = process->listener.records();
  std::shuffle(records.begin(), records.end(), std::mt19937_64(1));
  records.resize(300);
  std::vector<Place> places;
  for (const Record& record : records) places.push_back(record.place);
  std::vector<bool> seen(places.size());
  Lsn last = 0;
  ASSERT_OK(process->log->read(places, [&](std::size_t index, const Frame& frame) {
    EXPECT_GT(frame.lsn, last);
    last = frame.lsn;
    EXPECT_FALSE(seen.at(index));
    seen.at(index) = true;
    EXPECT_EQ(frame.lsn, records[index].lsn);
    EXPECT_EQ(frame.place, records[index].place);
    EXPECT_EQ(frame.shard, records[index].shard);
    EXPECT_EQ(frame.body, records[index].body);
    return Result<void>{};
  }));
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 300);
  EXPECT_OK(process->log->read({}, [](std::size_t, const Frame&) { return Result<void>{}; }));
  stop(process);
}

TEST_P(LogRead, EndsWithTheErrorOfItsVisitor) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(10, 100);
  std::vector<Place> places;
  for (const Record& record : process->listener.records()) places.push_back(record.place);
  const Error mine{ErrorCode::timeout, "the visitor's"};
  int visits = 0;
  const auto failed = process->log->read(places, [&](std::size_t, const Frame&) {
    return ++visits == 4 ? Result<void>(mine) : Result<void>();
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error(), mine);
  EXPECT_EQ(visits, 4);
  stop(process);
}

TEST_P(LogRead, GoesOnBesideTheWriter) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 300, 2'000);
  ASSERT_TRUE(process->listener.await_records(300));
  const std::vector<Record> records = process->listener.records();
  std::atomic<bool> is_done = false;
  std::vector<std::thread> readers;
  for (unsigned thread = 0; thread < 3; ++thread) {
    readers.emplace_back([&, thread] {
      std::mt19937_64 random(thread);
      while (!is_done) {
        const Record& record = records[random() % records.size()];
        const auto body = process->log->read(record.place);
        EXPECT_OK(body);
        if (body) {
          EXPECT_EQ(*body, record.body);
        }
      }
    });
  }
  process->append_numbers(301, 2'000, 2'000);
  EXPECT_TRUE(process->listener.await_records(2'000));
  is_done = true;
  for (std::thread& one : readers) one.join();
  stop(process);
}

TEST_P(LogRead, SaysThatAReleasedRecordIsGone) {
  auto process = start();
  ASSERT_TRUE(process);
  process->write(30, 10'000);
  const std::vector<Record> records = process->listener.records();
  ASSERT_OK(process->checkpoint(31));
  std::atomic<bool> is_released = false;
  // A read that runs while its segment is released finds the record or says that it is gone.
  std::thread reader([&] {
    bool was_released = false;
    while (!was_released) {
      was_released = is_released;
      const auto body = process->log->read(records[0].place);
      if (body) {
        EXPECT_EQ(*body, records[0].body);
      } else {
        EXPECT_EQ(body.error().code, ErrorCode::not_found);
      }
    }
  });
  process->log->release_before(process->log->stats().current_segment);
  is_released = true;
  reader.join();
  const std::vector<Place> places{records[29].place, records[0].place};
  std::size_t visits = 0;
  const auto mixed = process->log->read(places, [&](std::size_t, const Frame&) {
    ++visits;
    return Result<void>{};
  });
  ASSERT_FALSE(mixed);
  EXPECT_EQ(mixed.error().code, ErrorCode::not_found);
  EXPECT_OK(process->log->read(records[29].place));
  // New segments do not bring the place back.
  process->write(60, 10'000);
  EXPECT_EQ(process->log->read(records[0].place).error().code, ErrorCode::not_found);
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogRead);

}  // namespace
}  // namespace millrace::logs
