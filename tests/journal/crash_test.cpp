// Promises of the journal after a power loss or a kill at any moment: every confirmed record is
// recovered, in order and without a gap, and no record that was not appended. Seeded: a failure
// prints its seed; MILLRACE_SEED is the first seed, MILLRACE_SEEDS their number.
#include <atomic>
#include <cstdlib>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

/// Runs a journal on one disk several times. A random crash or kill ends each run, at a random file
/// operation.
class CrashedRuns {
 public:
  explicit CrashedRuns(std::uint64_t seed) : random_(seed) {
    options_.reserve_segments = 1 + random_() % 2;
    options_.ready_segments_max = options_.reserve_segments + random_() % 2;
    options_.groups_max = 1 + random_() % 3;
    options_.idle_mark_after = std::chrono::microseconds{random_() % 2 == 0 ? 100 : 1'000'000};
  }

  void run(int runs) {
    for (int i = 0; i < runs && !::testing::Test::HasFatalFailure(); ++i) run_until_crash(i);
  }

 private:
  void run_until_crash(int run_number) {
    // Usually early, so that crashes during a start are frequent; sometimes after many writes.
    const std::uint64_t crash_at = 1 + random_() % (random_() % 3 == 0 ? 400 : 40);
    std::atomic<std::uint64_t> operations = 0;
    std::mt19937_64 random{random_()};
    files_.set_fault([&](const Operation&) -> std::optional<Error> {
      // One thread crashes the disk, while operations of other threads are in flight.
      if (++operations == crash_at) crash_or_kill(random);
      return operations >= crash_at
                 ? std::optional{Error{ErrorCode::storage_failed, "the machine lost power"}}
                 : std::nullopt;
    });
    RecordingListener listener;
    std::vector<std::string> appended;
    {
      Result<Opened> opened = open_journal(files_, "/data", options_, listener);
      if (opened) {
        check(opened->contents);
        if (::testing::Test::HasFatalFailure()) return;
        work(*opened->journal, listener, run_number, appended);
        opened->journal->stop();
      } else {
        // The crash is the only permitted reason for a failed start.
        EXPECT_EQ(opened.error().code, ErrorCode::storage_failed) << opened.error().message;
      }
    }
    if (operations < crash_at) crash_or_kill(random);
    files_.set_fault({});
    for (const Record& record : listener.records()) {
      ASSERT_EQ(record.lsn, confirmed_ + 1);
      ++confirmed_;
    }
    possible_.insert(possible_.end(), appended.begin(), appended.end());
  }

  /// A power loss; or only a kill of the process, after which the disk's cache is intact.
  void crash_or_kill(std::mt19937_64& random) {
    if (random() % 3 == 0) {
      files_.kill();
    } else {
      files_.crash(random);
    }
  }

  void work(Journal& journal, RecordingListener& listener, int run_number,
            std::vector<std::string>& appended) {
    const std::size_t bursts = 1 + random_() % 30;
    for (std::size_t burst = 0; burst < bursts; ++burst) {
      const std::size_t records = 1 + random_() % 8;
      for (std::size_t i = 0; i < records; ++i) {
        const std::size_t length = random_() % 16 == 0 ? random_() % 30'000 : random_() % 500;
        std::string body = std::to_string(run_number) + "/" + std::to_string(appended.size()) +
                           ":" + std::string(length, static_cast<char>('a' + random_() % 26));
        appended.push_back(body);
        if (!journal.append(make_proposal(body))) {
          appended.pop_back();
          return;
        }
      }
      if (random_() % 4 == 0) {
        ASSERT_TRUE(listener.wait_for(appended.size()));
      }
      if (listener.failed()) return;
      if (random_() % 10 == 0) checkpoint(journal, appended);
    }
  }

  /// Writes a checkpoint of the records before a random lsn, and releases the segments before it.
  void checkpoint(Journal& journal, const std::vector<std::string>& appended) {
    const Lsn durable = journal.stats().durable_lsn;
    const Lsn replay_from = replay_from_ + random_() % (durable + 2 - replay_from_);
    const auto written = journal.write_checkpoint(replay_from, [&](CheckpointWriter& writer) {
      for (Lsn lsn = 1; lsn < replay_from; ++lsn) {
        const bool old = lsn <= possible_.size();
        const std::string& body = old ? possible_[lsn - 1] : appended[lsn - 1 - possible_.size()];
        if (Result<void> added = writer.add(7, body); !added) return added;
      }
      return Result<void>{};
    });
    if (!written) return;
    replay_from_ = replay_from;
    journal.release_before(journal.stats().current_segment);
  }

  void check(const Contents& contents) {
    EXPECT_TRUE(contents.recovered.damaged.empty());
    std::vector<Record> records;
    for (const auto& [section, body] : contents.entries) {
      records.push_back({records.size() + 1, 0, body, Place{}});
    }
    replay_from_ = contents.recovered.start.replay_from;
    ASSERT_EQ(replay_from_, records.size() + 1);
    records.insert(records.end(), contents.records.begin(), contents.records.end());
    ASSERT_GE(records.size(), confirmed_) << "a confirmed record is lost";
    ASSERT_LE(records.size(), possible_.size()) << "a record was recovered that was not appended";
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].lsn, i + 1);
      ASSERT_EQ(records[i].body, possible_[i]) << "record " << i + 1;
    }
    possible_.resize(records.size());
    // Recovered records count as confirmed: a later crash must not lose them.
    confirmed_ = records.size();
  }

  std::mt19937_64 random_;
  Options options_ = small_options();
  FaultyFileSystem files_;
  std::vector<std::string> possible_;  ///< bodies that recovery may find, in log order
  Lsn replay_from_ = 1;                ///< of the newest checkpoint
  std::size_t confirmed_ = 0;          ///< how many of `possible_` recovery must find
};

std::uint64_t number_from_environment(const char* name, std::uint64_t fallback) {
  const char* text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): no other thread runs
  return text == nullptr ? fallback : std::strtoull(text, nullptr, 10);
}

TEST(Crash, NeverLosesAConfirmedRecordOverManyRuns) {
  const std::uint64_t first = number_from_environment("MILLRACE_SEED", 1);
  const std::uint64_t seeds = number_from_environment("MILLRACE_SEEDS", 150);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    SCOPED_TRACE("MILLRACE_SEED=" + std::to_string(seed));
    CrashedRuns{seed}.run(8);
    if (HasFailure()) return;
  }
}

TEST(Crash, NeverLosesARecordThatAStartHasRecovered) {
  FaultyFileSystem files;
  std::mt19937_64 random{1};
  RecordingListener listener;
  {
    Result<Opened> opened = open_journal(files, "/data", small_options(), listener);
    ASSERT_OK(opened);
    // A kill while the record is in the disk's cache, before the sync.
    files.set_fault([&](const Operation& operation) -> std::optional<Error> {
      if (operation.kind != Operation::Kind::sync || operation.path.extension() != ".seg") {
        return std::nullopt;
      }
      files.kill();
      return Error{ErrorCode::storage_failed, "killed"};
    });
    ASSERT_OK(opened->journal->append(make_proposal("cached")));
    ASSERT_TRUE(listener.wait_for(1));
    EXPECT_TRUE(listener.records().empty());
  }
  files.set_fault({});
  RecordingListener second;
  {
    const Result<Opened> opened = open_journal(files, "/data", small_options(), second);
    ASSERT_OK(opened);
    ASSERT_EQ(opened->contents.records.size(), 1u);
    for (int i = 0; i < 20; ++i) files.crash(random);
  }
  RecordingListener third;
  const Result<Opened> opened = open_journal(files, "/data", small_options(), third);
  ASSERT_OK(opened);
  EXPECT_EQ(opened->contents.records.size(), 1u);
}

TEST(Crash, BeforeANewSegmentsHeaderIsDurableKeepsTheSegmentBefore) {
  FaultyFileSystem files;
  std::mt19937_64 random{1};
  RecordingListener listener;
  std::atomic<bool> released = false;
  {
    Result<Opened> opened = open_journal(files, "/data", small_options(), listener);
    ASSERT_OK(opened);
    Journal& journal = *opened->journal;
    for (int i = 0; i < 3; ++i) {
      ASSERT_OK(journal.append(make_proposal(std::string(20'000, 'x'))));
    }
    ASSERT_TRUE(listener.wait_for(3));
    const SegmentNumber full = journal.stats().current_segment;
    // The next record opens a segment, but its write never reaches the disk.
    files.set_fault([&](const Operation& operation) -> std::optional<Error> {
      if (operation.kind != Operation::Kind::write || operation.path.extension() != ".seg") {
        return std::nullopt;
      }
      while (!released) std::this_thread::yield();
      return Error{ErrorCode::storage_failed, "the machine lost power"};
    });
    ASSERT_OK(journal.append(make_proposal(std::string(20'000, 'y'))));
    while (journal.stats().current_segment == full) std::this_thread::yield();
    ASSERT_OK(journal.write_checkpoint(4, [](CheckpointWriter&) { return Result<void>{}; }));
    journal.release_before(journal.stats().current_segment);
    EXPECT_EQ(journal.stats().first_segment, full);
    released = true;
    ASSERT_TRUE(listener.wait_for(4));
    files.crash(random);
  }
  files.set_fault({});
  RecordingListener again;
  const Result<Opened> opened = open_journal(files, "/data", small_options(), again);
  ASSERT_OK(opened);
  EXPECT_EQ(opened->contents.recovered.end.last_lsn, 3u);
}

}  // namespace
}  // namespace millrace::journal
