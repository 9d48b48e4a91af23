// Promises of the journal to concurrent threads: the records of each thread keep their order, cold
// reads return confirmed records while segments are written and recycled, and a stop under load
// confirms every accepted record. Also for the thread sanitizer.
#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::journal {
namespace {

constexpr std::uint32_t appenders = 3;

/// Appends numbered records of `shard` until `stop`, a refusal, or `most` records. Returns how many
/// were accepted.
std::uint64_t append_until(Journal& journal, std::uint32_t shard, const std::atomic<bool>& stop,
                           std::uint64_t most) {
  std::uint64_t accepted = 0;
  while (!stop && accepted < most) {
    const std::string body = std::to_string(accepted) + std::string(accepted % 700, 'x');
    if (!journal.append(make_proposal(body, shard))) break;
    ++accepted;
    std::this_thread::yield();
  }
  return accepted;
}

void expect_each_in_order(const std::vector<Record>& records,
                          const std::vector<std::uint64_t>& accepted) {
  std::vector<std::uint64_t> seen(accepted.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    ASSERT_EQ(records[i].lsn, i + 1);
    ASSERT_EQ(std::stoull(records[i].body), seen.at(records[i].shard)++);
  }
  EXPECT_EQ(seen, accepted);
}

TEST(Concurrency, StopUnderLoadConfirmsEveryAcceptedRecord) {
  for (int round = 0; round < 10; ++round) {
    FaultyFileSystem files;
    RecordingListener listener;
    Result<Opened> opened = open_journal(files, "/data", small_options(), listener);
    ASSERT_OK(opened);
    const std::atomic<bool> never = false;
    std::vector<std::uint64_t> accepted(appenders);
    std::vector<std::thread> threads;
    for (std::uint32_t shard = 0; shard < appenders; ++shard) {
      threads.emplace_back(
          [&, shard] { accepted[shard] = append_until(*opened->journal, shard, never, 100'000); });
    }
    ASSERT_TRUE(listener.wait_for(200));
    opened->journal->stop();
    for (std::thread& thread : threads) thread.join();
    const std::vector<Record> confirmed = listener.records();
    expect_each_in_order(confirmed, accepted);
    opened->journal.reset();
    RecordingListener again;
    const Result<Opened> reopened = open_journal(files, "/data", small_options(), again);
    ASSERT_OK(reopened);
    EXPECT_EQ(reopened->contents.records, confirmed);
  }
}

TEST(Concurrency, ColdReadsReturnConfirmedRecordsWhileSegmentsAreRecycled) {
  const TemporaryDirectory directory;
  RecordingListener listener;
  Result<Opened> opened =
      open_journal(posix_file_system(), directory.path() / "data", small_options(), listener);
  ASSERT_OK(opened);
  Journal& journal = *opened->journal;
  std::atomic<bool> stop = false;
  std::vector<std::uint64_t> accepted(appenders);
  std::vector<std::thread> threads;
  for (std::uint32_t shard = 0; shard < appenders; ++shard) {
    threads.emplace_back(
        [&, shard] { accepted[shard] = append_until(journal, shard, stop, 2'000); });
  }
  std::atomic<std::uint64_t> found = 0;
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937_64 random{seed};
      while (!stop) {
        const std::vector<Record> records = listener.records();
        if (records.empty()) continue;
        std::vector<Place> places;
        std::vector<std::size_t> which;
        // Half of the time only the newest records, which are not released.
        const std::size_t among =
            random() % 2 == 0 ? records.size() : std::min<std::size_t>(records.size(), 20);
        for (int i = 0; i < 20; ++i) {
          which.push_back(records.size() - 1 - random() % among);
          places.push_back(records[which.back()].place);
        }
        const Result<void> read = journal.read(places, [&](std::size_t i, const Frame& frame) {
          EXPECT_EQ(frame.body, records[which[i]].body);
          EXPECT_EQ(frame.lsn, records[which[i]].lsn);
          ++found;
          found.notify_one();
          return Result<void>{};
        });
        EXPECT_TRUE(read || read.error().code == ErrorCode::not_found) << read.error().message;
      }
    });
  }
  for (std::size_t count = 500; count <= 6'000; count += 500) {
    ASSERT_TRUE(listener.wait_for(count));
    const Lsn durable = journal.stats().durable_lsn;
    ASSERT_OK(journal.write_checkpoint(
        durable - 200, [](CheckpointWriter& writer) { return writer.add(1, "state"); }));
    journal.release_before(journal.stats().current_segment);
  }
  found.wait(0);
  stop = true;
  for (std::thread& thread : threads) thread.join();
  journal.stop();
  expect_each_in_order(listener.records(), accepted);
  // 6,000 records of about 400 bytes would be 40 segments.
  EXPECT_LT(journal.stats().segments, 20u);
}

}  // namespace
}  // namespace millrace::journal
