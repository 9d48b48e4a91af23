// Promises of the journal when file operations fail: after the first failed write or sync nothing
// is confirmed any more; on a full disk records only wait.
#include <condition_variable>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

const Error refused{ErrorCode::storage_failed, "refused by the test"};

bool is_on_segment(const Operation& operation) {
  return operation.path.extension() == ".seg";
}

/// Blocks the threads that call pass() until the test calls open().
class Gate {
 public:
  void close() {
    const std::lock_guard lock{mutex_};
    open_ = false;
  }
  void open() {
    {
      const std::lock_guard lock{mutex_};
      open_ = true;
    }
    changed_.notify_all();
  }
  /// Called by the blocked operation.
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    --waiting_;
  }
  /// Waits until `waiting` threads are blocked.
  void wait_for(int waiting) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return waiting_ >= waiting; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

class Failure : public ::testing::Test {
 protected:
  void start() {
    Result<Opened> opened = open_journal(files_, "/data", options_, listener_);
    ASSERT_OK(opened);
    journal_ = std::move(opened->journal);
    contents_ = std::move(opened->contents);
  }
  Result<void> append(Lsn lsn) { return journal_->append(make_proposal(body_of(lsn))); }

  /// Waits until the journal's threads make `condition` true. False after a minute.
  template <class Condition>
  [[nodiscard]] static bool eventually(const Condition& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::minutes{1};
    while (!condition()) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::yield();
    }
    return true;
  }

  FaultyFileSystem files_;
  Options options_ = small_options();
  RecordingListener listener_;
  std::unique_ptr<Journal> journal_;
  Contents contents_;
};

TEST_F(Failure, OfAWriteOrSyncEndsConfirmationForGood) {
  for (const Operation::Kind kind : {Operation::Kind::write, Operation::Kind::sync}) {
    FaultyFileSystem files;
    RecordingListener listener;
    {
      Result<Opened> opened = open_journal(files, "/data", options_, listener);
      ASSERT_OK(opened);
      Journal& journal = *opened->journal;
      for (Lsn lsn = 1; lsn <= 10; ++lsn) ASSERT_OK(journal.append(make_proposal(body_of(lsn))));
      ASSERT_TRUE(listener.wait_for(10));
      std::atomic<int> refusals = 0;
      files.set_fault([&](const Operation& operation) -> std::optional<Error> {
        if (operation.kind != kind || !is_on_segment(operation)) return std::nullopt;
        // Fails only once: a retry would succeed and confirm a record that may be lost.
        return refusals++ == 0 ? std::optional{refused} : std::nullopt;
      });
      ASSERT_OK(journal.append(make_proposal(body_of(11))));
      ASSERT_TRUE(eventually([&] { return listener.failed().has_value(); }));
      EXPECT_EQ(listener.failed()->message, refused.message);
      EXPECT_EQ(journal.append(make_proposal(body_of(12))).error().code, ErrorCode::storage_failed);
      journal.stop();
      EXPECT_EQ(journal.stats().durable_lsn, 10u);
      EXPECT_LE(refusals, 3) << "groups were written after the failure";
    }
    EXPECT_EQ(listener.records().size(), 10u);
    files.set_fault({});
    RecordingListener again;
    const Result<Opened> reopened = open_journal(files, "/data", options_, again);
    ASSERT_OK(reopened);
    EXPECT_GE(reopened->contents.records.size(), 10u);
  }
}

TEST_F(Failure, OfAGroupLeavesLaterGroupsUnconfirmed) {
  options_.idle_mark_after = std::chrono::minutes{10};
  start();
  Gate first;
  std::atomic<int> syncs = 0;
  files_.set_fault([&](const Operation& operation) -> std::optional<Error> {
    if (operation.kind != Operation::Kind::sync || !is_on_segment(operation)) return std::nullopt;
    if (syncs++ > 0) return std::nullopt;
    first.pass();
    return refused;
  });
  ASSERT_OK(append(1));
  first.wait_for(1);
  ASSERT_OK(append(2));
  ASSERT_TRUE(eventually([&] { return syncs.load() >= 2; }));
  EXPECT_TRUE(listener_.records().empty()) << "a later group was confirmed first";
  first.open();
  ASSERT_TRUE(eventually([&] { return listener_.failed().has_value(); }));
  journal_->stop();
  EXPECT_TRUE(listener_.records().empty());
}

TEST_F(Failure, IsNotCausedByALaterGroupThatIsWrittenFirst) {
  start();
  Gate first;
  std::atomic<int> syncs = 0;
  files_.set_fault([&](const Operation& operation) -> std::optional<Error> {
    if (operation.kind == Operation::Kind::sync && is_on_segment(operation) && syncs++ == 0) {
      first.pass();
    }
    return std::nullopt;
  });
  for (Lsn lsn = 1; lsn <= 3; ++lsn) {
    ASSERT_OK(append(lsn));
    ASSERT_TRUE(eventually([&] { return syncs.load() >= static_cast<int>(lsn); }));
  }
  EXPECT_TRUE(listener_.records().empty());
  first.open();
  ASSERT_TRUE(listener_.wait_for(3));
  for (Lsn lsn = 1; lsn <= 3; ++lsn) EXPECT_EQ(listener_.records()[lsn - 1].lsn, lsn);
  journal_->stop();
}

TEST_F(Failure, OfTheSegmentPoolStopsTheJournal) {
  files_.set_fault([](const Operation& operation) -> std::optional<Error> {
    return operation.kind == Operation::Kind::zero_fill ? std::optional{refused} : std::nullopt;
  });
  start();
  ASSERT_TRUE(eventually([&] { return listener_.failed().has_value(); }));
  EXPECT_EQ(append(1).error().code, ErrorCode::storage_failed);
  journal_->stop();
}

TEST_F(Failure, OfACheckpointDoesNotStopTheJournal) {
  start();
  for (Lsn lsn = 1; lsn <= 5; ++lsn) ASSERT_OK(append(lsn));
  ASSERT_TRUE(listener_.wait_for(5));
  const auto fill = [](CheckpointWriter& writer) {
    return writer.add(1, "state");
  };
  ASSERT_OK(journal_->write_checkpoint(3, fill));
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready >= 2; }));
  files_.set_capacity(files_.used_bytes());
  const Result<logs::CheckpointInfo> written = journal_->write_checkpoint(6, fill);
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::storage_full);
  ASSERT_OK(append(6));
  ASSERT_TRUE(listener_.wait_for(6));
  EXPECT_FALSE(listener_.failed());
  journal_.reset();
  start();
  EXPECT_EQ(contents_.recovered.start.replay_from, 3u);
  EXPECT_EQ(contents_.records.size(), 4u);
  EXPECT_EQ(contents_.entries.size(), 1u);
}

TEST_F(Failure, IsNotCausedByAFullDiskAndRecordsWaitForRoom) {
  options_.idle_mark_after = std::chrono::hours(1);  // no marks, which would take room
  options_.allocate_retry = std::chrono::milliseconds{1};
  start();
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready >= 2; }));
  EXPECT_FALSE(journal_->storage_full());
  files_.set_capacity(files_.used_bytes() + 100);
  Lsn lsn = 0;
  const std::string body(20'000, 'x');
  // One segment is opened and the reserve cannot be completed: reported at once; writing continues.
  for (; lsn < 3; ++lsn) ASSERT_OK(journal_->append(make_proposal(body)));
  ASSERT_TRUE(listener_.wait_for(3));
  ASSERT_TRUE(eventually([&] { return journal_->storage_full(); }));
  // The last segment of the reserve takes three records that make room; the others wait, and
  // nothing fails.
  for (; lsn < 20; ++lsn) ASSERT_OK(journal_->append(make_proposal(body)));
  for (int i = 0; i < 3; ++i) ASSERT_OK(journal_->append(make_room_proposal("room" + body)));
  ASSERT_TRUE(listener_.wait_for(6));
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready == 0; }));
  EXPECT_EQ(listener_.records().size(), 6u);
  for (std::size_t i = 3; i < 6; ++i) {
    EXPECT_EQ(listener_.records()[i].body.substr(0, 4), "room") << "record " << i;
  }
  EXPECT_TRUE(journal_->storage_full());
  EXPECT_FALSE(listener_.failed());
  files_.set_capacity(std::uint64_t{1} << 30);
  ASSERT_TRUE(listener_.wait_for(23));
  ASSERT_TRUE(eventually([&] { return !journal_->storage_full(); }));
  journal_->stop();
  EXPECT_EQ(listener_.records().size(), 23u);
}

TEST_F(Failure, OrdinaryRecordsLeaveTheReserveBeforeTheDiskIsKnownToBeFull) {
  options_.idle_mark_after = std::chrono::hours(1);  // no marks, which would take room
  options_.allocate_retry = std::chrono::milliseconds{1};
  Gate gate;
  gate.open();
  files_.set_fault([&](const Operation& operation) -> std::optional<Error> {
    if (operation.kind == Operation::Kind::zero_fill) gate.pass();
    return std::nullopt;
  });
  start();
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready >= 2; }));
  gate.close();
  const std::string body(20'000, 'x');
  for (int i = 0; i < 20; ++i) ASSERT_OK(journal_->append(make_proposal(body)));
  // The first segment is full, the pool has begun to make another one, and the disk fills up.
  ASSERT_TRUE(listener_.wait_for(3));
  gate.wait_for(1);
  EXPECT_FALSE(journal_->storage_full());
  files_.set_capacity(files_.used_bytes());
  gate.open();
  ASSERT_TRUE(eventually([&] { return journal_->storage_full(); }));
  for (int i = 0; i < 3; ++i) ASSERT_OK(journal_->append(make_room_proposal("room" + body)));
  ASSERT_TRUE(listener_.wait_for(6));
  const std::vector<Record> confirmed = listener_.records();
  ASSERT_EQ(confirmed.size(), 6u);
  for (std::size_t i = 3; i < 6; ++i) {
    EXPECT_EQ(confirmed[i].body.substr(0, 4), "room") << "record " << i;
  }
  files_.set_capacity(std::uint64_t{1} << 30);
  ASSERT_TRUE(listener_.wait_for(23));
  journal_->stop();
  files_.set_fault({});
}

TEST_F(Failure, AShortDiskIsReportedWhileAcceptedWorkStillFits) {
  options_.idle_mark_after = std::chrono::hours(1);  // no marks, which would take room
  options_.allocate_retry = std::chrono::milliseconds{1};
  start();
  files_.set_capacity(16U * (64U << 10));
  Lsn lsn = 0;
  while (!journal_->storage_full() && lsn < 100) {
    ASSERT_OK(journal_->append(make_proposal(std::string(20'000, 'x'))));
    ASSERT_TRUE(listener_.wait_for(++lsn));
    // The pool's thread detects it when it makes a segment, concurrently with the appends.
    ASSERT_TRUE(eventually(
        [&] { return journal_->storage_full() || journal_->stats().segments_ready >= 2; }));
  }
  EXPECT_TRUE(journal_->storage_full());
  EXPECT_FALSE(journal_->storage_exhausted());
  // A fifth of the log still fits, including the unused rests of segments.
  for (Lsn more = lsn / 5; more > 0; --more) {
    ASSERT_OK(journal_->append(make_proposal(std::string(20'000, 'x'))));
    ASSERT_TRUE(listener_.wait_for(++lsn));
  }
  files_.set_capacity(std::uint64_t{1} << 30);
  ASSERT_TRUE(eventually([&] { return !journal_->storage_full(); })) << "new room was not detected";
}

TEST_F(Failure, AReplayedLogCountsTowardsTheNextCheckpoint) {
  start();
  for (Lsn lsn = 1; lsn <= 9; ++lsn) {
    ASSERT_OK(journal_->append(make_proposal(std::string(20'000, 'x'))));
  }
  ASSERT_TRUE(listener_.wait_for(9));
  journal_.reset();
  start();
  EXPECT_GE(journal_->bytes_since_checkpoint(), 9U * 20'000);
  ASSERT_OK(journal_->write_checkpoint(
      10, [](CheckpointWriter& writer) { return writer.add(1, "state"); }));
  EXPECT_LT(journal_->bytes_since_checkpoint(), 20'000U);
}

TEST_F(Failure, OfAStopOnAFullDiskLeavesTheRestUnconfirmed) {
  options_.idle_mark_after = std::chrono::hours(1);  // no marks, which would take room
  start();
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready >= 2; }));
  files_.set_capacity(files_.used_bytes());
  for (Lsn lsn = 0; lsn < 20; ++lsn) {
    ASSERT_OK(journal_->append(make_proposal(std::string(20'000, 'x'))));
  }
  ASSERT_TRUE(listener_.wait_for(3));
  journal_->stop();
  const std::vector<Record> confirmed = listener_.records();
  EXPECT_LT(confirmed.size(), 20u);
  journal_.reset();
  files_.set_capacity(std::uint64_t{1} << 30);
  start();
  EXPECT_EQ(contents_.records, confirmed);
}

TEST_F(Failure, OfAFullDiskEndsWhenSegmentsAreReleased) {
  options_.free_bytes_min = 64U << 10;
  options_.idle_mark_after = std::chrono::hours(1);  // no marks, which would take room
  start();
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready >= 2; }));
  files_.set_capacity(files_.used_bytes() + (64U << 10));  // room for checkpoints
  for (Lsn lsn = 0; lsn < 6; ++lsn) {
    ASSERT_OK(journal_->append(make_room_proposal(std::string(20'000, 'x'))));
  }
  // Six records fill both segments, and the disk has no room for a third.
  ASSERT_TRUE(eventually([&] { return journal_->stats().segments_ready == 0; }));
  const auto make_room = [&] {
    const Lsn durable = journal_->stats().durable_lsn;
    ASSERT_OK(journal_->write_checkpoint(
        durable + 1, [](CheckpointWriter& writer) { return writer.add(1, "state"); }));
    journal_->release_before(journal_->stats().current_segment);
  };
  for (int round = 1; round <= 30; ++round) {
    const Lsn durable = journal_->stats().durable_lsn;
    make_room();
    for (int i = 0; i < 3; ++i) {
      ASSERT_OK(journal_->append(make_room_proposal(std::string(20'000, 'y'))));
    }
    ASSERT_TRUE(listener_.wait_for(durable + 3));
  }
  make_room();
  ASSERT_TRUE(listener_.wait_for(6 + 90));
  EXPECT_FALSE(listener_.failed());
  journal_.reset();
  start();
  EXPECT_EQ(contents_.recovered.end.last_lsn, 6u + 90u);
}

}  // namespace
}  // namespace millrace::journal
