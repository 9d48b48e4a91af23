// Promises of the journal without failures, on the real file system: every appended record is
// confirmed in order, is recovered after a restart, and can be read at its place.
#include "actors/journal/journal.hpp"

#include <thread>

#include <gtest/gtest.h>

#include "tests/journal/journal_fixture.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::journal {
namespace {

class JournalOnDisk : public ::testing::Test {
 protected:
  Result<Opened> open(Listener& listener) {
    return open_journal(posix_file_system(), directory_.path() / "data", options_, listener);
  }

  TemporaryDirectory directory_;
  Options options_ = small_options();
};

TEST_F(JournalOnDisk, ConfirmsInOrderAndRecoversTheSameRecords) {
  RecordingListener listener;
  {
    Result<Opened> opened = open(listener);
    ASSERT_OK(opened);
    EXPECT_TRUE(opened->contents.records.empty());
    for (Lsn lsn = 1; lsn <= 2000; ++lsn) {
      ASSERT_OK(opened->journal->append(make_proposal(body_of(lsn), lsn % 16)));
    }
    opened->journal->stop();
    EXPECT_EQ(opened->journal->stats().durable_lsn, 2000u);
    EXPECT_GT(opened->journal->stats().segments, 4u);
  }
  const std::vector<Record> confirmed = listener.records();
  ASSERT_EQ(confirmed.size(), 2000u);
  for (Lsn lsn = 1; lsn <= 2000; ++lsn) {
    EXPECT_EQ(confirmed[lsn - 1].lsn, lsn);
    EXPECT_EQ(confirmed[lsn - 1].body, body_of(lsn));
  }
  RecordingListener again;
  Result<Opened> reopened = open(again);
  ASSERT_OK(reopened);
  EXPECT_EQ(reopened->contents.records, confirmed);
  EXPECT_FALSE(reopened->contents.recovered.end.torn);
}

TEST_F(JournalOnDisk, ContinuesTheLogOverManyRestarts) {
  Lsn next = 1;
  for (int start = 0; start < 8; ++start) {
    RecordingListener listener;
    Result<Opened> opened = open(listener);
    ASSERT_OK(opened);
    ASSERT_EQ(opened->contents.records.size(), next - 1);
    for (int i = 0; i < 50; ++i, ++next) {
      ASSERT_OK(opened->journal->append(make_proposal(body_of(next))));
    }
    ASSERT_TRUE(listener.wait_for(50));
    EXPECT_EQ(listener.records().back().lsn, next - 1);
  }
}

TEST_F(JournalOnDisk, ReadsRecordsAtTheirPlacesInAnyOrder) {
  RecordingListener listener;
  Result<Opened> opened = open(listener);
  ASSERT_OK(opened);
  for (Lsn lsn = 1; lsn <= 500; ++lsn) {
    const std::string body = lsn % 100 == 0 ? std::string(30'000, 'L') : body_of(lsn);
    ASSERT_OK(opened->journal->append(make_proposal(body, 3)));
  }
  ASSERT_TRUE(listener.wait_for(500));
  const std::vector<Record> records = listener.records();
  std::vector<Place> places;
  for (auto it = records.rbegin(); it != records.rend(); ++it) places.push_back(it->place);
  std::vector<bool> seen(places.size());
  ASSERT_OK(opened->journal->read(places, [&](std::size_t index, const Frame& frame) {
    const Record& expected = records[records.size() - 1 - index];
    EXPECT_EQ(frame.lsn, expected.lsn);
    EXPECT_EQ(frame.shard, 3u);
    EXPECT_EQ(frame.body, expected.body);
    seen[index] = true;
    return Result<void>{};
  }));
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 500);
  EXPECT_EQ(*opened->journal->read(records[99].place), std::string(30'000, 'L'));
}

TEST_F(JournalOnDisk, RefusesLargeRecordsAndAppendsAfterStop) {
  RecordingListener listener;
  Result<Opened> opened = open(listener);
  ASSERT_OK(opened);
  const std::string largest(options_.record_bytes_max, 'x');
  ASSERT_OK(opened->journal->append(make_proposal(largest)));
  EXPECT_EQ(opened->journal->append(make_proposal(largest + "x")).error().code,
            ErrorCode::too_large);
  ASSERT_TRUE(listener.wait_for(1));
  EXPECT_EQ(listener.records().front().body, largest);
  opened->journal->stop();
  EXPECT_EQ(opened->journal->append(make_proposal("late")).error().code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace::journal
