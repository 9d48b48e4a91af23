// Promises of every log about its next opening: what was confirmed is found, unchanged and at the
// same place; what is found is a prefix of what was appended; and what one opening has found every
// later one finds as well.
#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogRecovery : public LogContract {
 protected:
  /// Expects that `found` begins with all of `confirmed`.
  static void expect_prefix(const std::vector<Record>& confirmed,
                            const std::vector<Record>& found) {
    ASSERT_GE(found.size(), confirmed.size()) << "a confirmed record is lost";
    for (std::size_t i = 0; i < confirmed.size(); ++i) EXPECT_EQ(found[i], confirmed[i]);
  }
};

TEST_P(LogRecovery, OfAnEmptyLogFindsNothing) {
  {
    const auto engine = fixture_->make_engine();
    const auto opened = engine->open(Opener::reader);
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::not_found);
  }
  for (int run = 0; run < 3; ++run) {
    auto process = start();
    ASSERT_TRUE(process);
    EXPECT_EQ(process->contents.recovered.last_lsn, 0u);
    EXPECT_EQ(process->contents.recovered.replay_from, 1u);
    EXPECT_FALSE(process->contents.recovered.has_checkpoint);
    EXPECT_TRUE(process->contents.records.empty());
    EXPECT_TRUE(process->contents.recovered.warnings.empty());
    if (run == 1) {
      kill(process);
    } else {
      stop(process);
    }
  }
  EXPECT_TRUE(read_stopped().records.empty());
}

TEST_P(LogRecovery, AfterAStopFindsAllAndContinues) {
  std::vector<Record> all;
  for (std::uint64_t run = 0; run < 4; ++run) {
    auto process = start();
    ASSERT_TRUE(process);
    EXPECT_EQ(process->contents.records, all);
    process->append_numbers(run * 40 + 1, run * 40 + 40, 3'000);
    ASSERT_TRUE(process->listener.await_records(40));
    const std::vector<Record> confirmed = process->listener.records();
    EXPECT_EQ(confirmed.front().lsn, all.size() + 1);
    if (!all.empty()) {
      EXPECT_GT(confirmed.front().place, all.back().place);
    }
    all.insert(all.end(), confirmed.begin(), confirmed.end());
    stop(process);
  }
  EXPECT_EQ(read_stopped().records, all);
}

TEST_P(LogRecovery, AfterAKillFindsAPrefixThatHoldsAllConfirmed) {
  std::mt19937_64 random(20261129);
  std::vector<Record> found;
  std::uint64_t number = 0;
  for (int run = 0; run < 12; ++run) {
    SCOPED_TRACE("run " + std::to_string(run));
    auto process = start();
    ASSERT_TRUE(process);
    expect_prefix(found, process->contents.records);
    if (HasFailure()) return;
    found = process->contents.records;
    std::vector<std::string> appended;
    for (const Record& record : found) appended.push_back(record.body);
    const std::uint64_t records = random() % 200;
    for (std::uint64_t i = 0; i < records; ++i) {
      appended.push_back(body_of(++number, 2'000));
      ASSERT_OK(process->append(appended.back()));
    }
    // Kill at any time: before, while and after the records become durable.
    if (run % 3 == 0) {
      ASSERT_TRUE(process->listener.await_records(records / 2));
    }
    if (run % 3 == 1) {
      ASSERT_TRUE(process->listener.await_records(records));
    }
    const std::vector<Record> confirmed = kill(process);
    found.insert(found.end(), confirmed.begin(), confirmed.end());
    const Contents contents = read_stopped();
    expect_prefix(found, contents.records);
    ASSERT_LE(contents.records.size(), appended.size());
    for (std::size_t i = 0; i < contents.records.size(); ++i) {
      ASSERT_EQ(contents.records[i].body, appended[i]) << "record " << i + 1;
    }
    found = contents.records;
  }
}

TEST_P(LogRecovery, AfterALossOfPowerFindsAPrefixThatHoldsAllConfirmed) {
  REQUIRE_FEATURE(power_loss);
  std::mt19937_64 random(7);
  std::vector<Record> found;
  std::uint64_t number = 0;
  for (int run = 0; run < 12; ++run) {
    SCOPED_TRACE("run " + std::to_string(run));
    auto process = start();
    ASSERT_TRUE(process);
    expect_prefix(found, process->contents.records);
    if (HasFailure()) return;
    found = process->contents.records;
    const std::uint64_t records = 1 + random() % 200;
    process->append_numbers(number + 1, number + records, 2'000);
    number += records;
    ASSERT_TRUE(process->listener.await_records(random() % records));
    fixture_->lose_power(random());
    process->log->stop();
    const std::vector<Record> confirmed = process->listener.records();
    process.reset();
    found.insert(found.end(), confirmed.begin(), confirmed.end());
  }
  expect_prefix(found, read_stopped().records);
}

TEST_P(LogRecovery, ShowsNoRecordBehindAGap) {
  REQUIRE_FEATURE(reordered_groups);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  fixture_->stall_next();
  ASSERT_OK(process->append("missing"));
  fixture_->await_stalled();
  const std::uint64_t written = process->log->stats().bytes;
  process->append_numbers(12, 40);
  // Later groups are durable, and the earlier one never will be.
  ASSERT_TRUE(eventually([&] { return process->log->stats().bytes > written; }));
  EXPECT_EQ(process->listener.records().size(), 10u) << "a record behind the gap was confirmed";
  const std::vector<Record> confirmed = kill(process);
  ASSERT_EQ(confirmed.size(), 10u);
  EXPECT_EQ(read_stopped().records, confirmed);
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records, confirmed);
  // The numbers behind the gap are given anew, and the former records never come back.
  process->append_numbers(100, 101);
  ASSERT_TRUE(process->listener.await_records(2));
  std::vector<Record> all = confirmed;
  for (const Record& record : kill(process)) all.push_back(record);
  ASSERT_EQ(all.size(), 12u);
  EXPECT_EQ(all[10].lsn, 11u);
  EXPECT_EQ(read_stopped().records, all);
}

TEST_P(LogRecovery, KeepsWhatOneOpeningHasFound) {
  REQUIRE_FEATURE(power_loss);
  REQUIRE_FEATURE(stall);
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 5);
  ASSERT_TRUE(process->listener.await_records(5));
  fixture_->stall();
  process->append_numbers(6, 9);
  fixture_->await_stalled();
  kill(process);
  // The stalled records may be found. Whoever starts on them relies on them from then on.
  process = start();
  ASSERT_TRUE(process);
  const std::vector<Record> found = process->contents.records;
  ASSERT_GE(found.size(), 5u);
  fixture_->lose_power(3);
  process->log->stop();
  process.reset();
  process = start();
  ASSERT_TRUE(process);
  expect_prefix(found, process->contents.records);
  stop(process);
}

TEST_P(LogRecovery, ByAReaderChangesNothingAndMayBeRepeated) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 60, 3'000);
  ASSERT_TRUE(process->listener.await_records(60));
  ASSERT_OK(process->checkpoint(31));
  const std::vector<Record> confirmed = kill(process);
  const auto engine = fixture_->make_engine();
  auto one = engine->open(Opener::reader);
  ASSERT_OK(one);
  const auto other_engine = fixture_->make_engine();
  auto other = other_engine->open(Opener::reader);
  ASSERT_OK(other);
  for (OpenedLog* opened : {one->get(), other->get()}) {
    const auto contents = recover_all(*opened);
    ASSERT_OK(contents);
    EXPECT_EQ(contents->recovered.replay_from, 31u);
    expect_prefix({confirmed.begin() + 30, confirmed.end()}, contents->records);
    // Cold reads, also of records before the checkpoint, in any order.
    const std::vector<Place> places{confirmed[40].place, confirmed[3].place};
    std::vector<std::string> bodies(2);
    ASSERT_OK(opened->read(places, [&](std::size_t index, const Frame& frame) {
      bodies[index] = frame.body;
      return Result<void>{};
    }));
    EXPECT_EQ(bodies[0], confirmed[40].body);
    EXPECT_EQ(bodies[1], confirmed[3].body);
  }
  one->reset();
  other->reset();
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 30u);
  stop(process);
}

TEST_P(LogRecovery, EndsWithTheErrorOfAVisitor) {
  auto process = start();
  ASSERT_TRUE(process);
  process->append_numbers(1, 10);
  ASSERT_TRUE(process->listener.await_records(10));
  ASSERT_OK(process->checkpoint(6));
  stop(process);
  const Error mine{ErrorCode::corrupt, "the visitor's"};
  for (const bool in_entries : {true, false}) {
    const auto engine = fixture_->make_engine();
    auto opened = engine->open(Opener::writer);
    ASSERT_OK(opened);
    int frames = 0;
    const auto failed = (*opened)->recover(
        [&](Section, std::string_view) { return in_entries ? Result<void>(mine) : Result<void>(); },
        [&](const Frame&) { return ++frames == 3 ? Result<void>(mine) : Result<void>(); });
    ASSERT_FALSE(failed);
    EXPECT_NE(failed.error().message.find(mine.message), std::string::npos);
    EXPECT_EQ(frames, in_entries ? 0 : 3);
  }
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 5u);
  stop(process);
}

TEST_P(LogRecovery, RefusesASecondWriter) {
  REQUIRE_FEATURE(lock);
  auto process = start();
  ASSERT_TRUE(process);
  for (const Opener opener : {Opener::writer, Opener::reader}) {
    const auto engine = fixture_->make_engine();
    const auto second = engine->open(opener);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::storage_locked);
  }
  process->write(3, 100);
  stop(process);
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.records.size(), 3u);
  stop(process);
}

INSTANTIATE_LOG_CONTRACT(LogRecovery);

}  // namespace
}  // namespace millrace::logs
