// A data directory from which a segment was lost, or whose checkpoint met a full disk:
//
//   - whichever segment is removed, after a clean stop or a kill: the start is refused, or nothing
//     that was confirmed is missing; the error names the segment
//   - so with the newest one emptied, and after a clean stop with any part of it lost
//   - a directory of an older version, which says less, works as before
//   - a checkpoint whose name the disk has no room for gives up the older one, and says the cause
//   - a segment without its header is named, also where replay begins
//   - a node whose log becomes short of room without another segment notices that room is back
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/journal/disk/durable_point.hpp"
#include "actors/journal/format/format.hpp"
#include "actors/journal/journal.hpp"
#include "actors/journal/write/segment_pool.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

constexpr std::size_t record_count = 400;

Result<void> add_state(CheckpointWriter& writer) {
  return writer.add(1, "state");
}

class LostSegment : public ::testing::Test {
 protected:
  enum class End { stop, kill };

  /// Writes a log of several segments.
  void write(End end) {
    RecordingListener listener;
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
    ASSERT_OK(opened);
    for (Lsn lsn = 1; lsn <= record_count; ++lsn) {
      ASSERT_OK(opened->journal->append(make_proposal(body_of(lsn, 2'000))));
      if (lsn % 20 != 0) continue;
      ASSERT_TRUE(listener.wait_for(lsn));
    }
    records_ = listener.records();
    if (end == End::kill) files_.kill();
    opened->journal->stop();
    ASSERT_EQ(records_.size(), record_count);
  }

  Result<Contents> read() {
    Result<DataDirectory> directory = DataDirectory::open(files_, "/data", Opener::reader);
    if (!directory) return directory.error();
    return read_all(*directory);
  }

  std::vector<FileSystem::Path> segments() {
    std::vector<FileSystem::Path> paths;
    const auto names = files_.list("/data/segments");
    for (const std::string& name : *names) paths.push_back("/data/segments/" + name);
    return paths;
  }

  [[nodiscard]] FileSystem::Path newest() const {
    const DataDirectory directory = *DataDirectory::open(files_, "/data", Opener::reader);
    return directory.segment_path(segment_of(records_.back().place));
  }

  void expect_refused(const FileSystem::Path& lost) {
    const Result<Contents> found = read();
    ASSERT_FALSE(found) << lost;
    EXPECT_EQ(found.error().code, ErrorCode::corrupt) << found.error().message;
    EXPECT_NE(found.error().message.find(lost.string()), std::string::npos)
        << found.error().message;
  }

  void remove_each(End end) {
    write(end);
    if (HasFatalFailure()) return;
    std::size_t refused = 0;
    for (const FileSystem::Path& path : segments()) {
      const std::string bytes = files_.contents(path);
      ASSERT_OK(files_.remove(path));
      const Result<Contents> found = read();
      if (found) {
        EXPECT_EQ(found->records, records_) << path;
      } else {
        ++refused;
        EXPECT_EQ(found.error().code, ErrorCode::corrupt) << found.error().message;
      }
      files_.set_contents(path, bytes);
    }
    EXPECT_GE(refused, segment_of(records_.back().place));
    const Result<Contents> found = read();
    ASSERT_OK(found);
    EXPECT_EQ(found->records, records_);
  }

  /// Removes the newest segment, and fills it with zeros.
  void lose_the_newest(End end) {
    ASSERT_NO_FATAL_FAILURE(write(end));
    const FileSystem::Path path = newest();
    const std::string bytes = files_.contents(path);
    ASSERT_OK(files_.remove(path));
    expect_refused(path);
    files_.set_contents(path, std::string(bytes.size(), '\0'));
    expect_refused(path);
  }

  mutable FaultyFileSystem files_;
  std::vector<Record> records_;
};

TEST_F(LostSegment, IsNoticedAfterACleanStopWhicheverItIs) {
  remove_each(End::stop);
}

TEST_F(LostSegment, IsNoticedAfterAKillWhicheverItIs) {
  remove_each(End::kill);
}

TEST_F(LostSegment, IsNamedIfItIsTheNewestAfterACleanStop) {
  lose_the_newest(End::stop);
}

TEST_F(LostSegment, IsNamedIfItIsTheNewestAfterAKill) {
  lose_the_newest(End::kill);
}

TEST_F(LostSegment, IsNoticedAfterACleanStopIfAPartOfItIsLost) {
  ASSERT_NO_FATAL_FAILURE(write(End::stop));
  const FileSystem::Path path = newest();
  const std::string intact = files_.contents(path);
  const std::uint64_t end = offset_of(records_.back().place);
  for (std::uint64_t from = 0; from <= end; from += block_bytes) {
    std::string damaged = intact;
    damaged.replace(from, damaged.size() - from, damaged.size() - from, '\0');
    files_.set_contents(path, damaged);
    expect_refused(path);
    if (HasFailure()) return;
  }
}

TEST_F(LostSegment, IsNoticedAfterAStartThatWroteNothing) {
  ASSERT_NO_FATAL_FAILURE(write(End::kill));
  RecordingListener listener;
  {
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
    ASSERT_OK(opened);
    files_.kill();
  }
  const FileSystem::Path path = newest();
  std::string bytes = files_.contents(path);
  bytes.replace(offset_of(records_.back().place), block_bytes, block_bytes, '\0');
  files_.set_contents(path, bytes);
  expect_refused(path);
}

TEST_F(LostSegment, IsNotSuspectedInADirectoryOfAnOlderVersion) {
  ASSERT_NO_FATAL_FAILURE(write(End::kill));
  const std::string line = "millrace data directory, format 1\n";
  ASSERT_TRUE(files_.contents("/data/format").starts_with(line));
  files_.set_contents("/data/format", line);
  const Result<Contents> found = read();
  ASSERT_OK(found);
  EXPECT_EQ(found->records, records_);
  RecordingListener listener;
  ASSERT_OK(open_journal(files_, "/data", small_options(), listener));
  const DataDirectory directory = *DataDirectory::open(files_, "/data", Opener::reader);
  const auto point = read_durable_point(directory);
  ASSERT_OK(point);
  ASSERT_TRUE(point->has_value());
  EXPECT_EQ((*point)->durable, record_count);
}

TEST_F(LostSegment, IsNoticedAlsoIfOneSlotOfTheDurablePointIsTorn) {
  ASSERT_NO_FATAL_FAILURE(write(End::stop));
  for (const std::uint64_t slot : {block_bytes, 2 * block_bytes}) {
    files_.flip("/data/format", slot + 20, 1);
    ASSERT_OK(read());
    files_.flip("/data/format", slot + 20, 1);
  }
  files_.flip("/data/format", block_bytes + 20, 1);
  files_.flip("/data/format", 2 * block_bytes + 20, 1);
  const Result<Contents> found = read();
  ASSERT_FALSE(found);
  EXPECT_NE(found.error().message.find("/data/format"), std::string::npos);
}

TEST_F(LostSegment, WithoutItsHeaderIsNamedAlsoWhereReplayBegins) {
  RecordingListener listener;
  Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
  ASSERT_OK(opened);
  for (Lsn lsn = 1; lsn <= record_count; ++lsn) {
    ASSERT_OK(opened->journal->append(make_proposal(body_of(lsn, 2'000))));
  }
  ASSERT_TRUE(listener.wait_for(record_count));
  records_ = listener.records();
  const Lsn replay_from = record_count / 2;
  ASSERT_OK(opened->journal->write_checkpoint(replay_from, add_state));
  const SegmentNumber segment = segment_of(records_[replay_from - 1].place);
  opened->journal->release_before(segment);
  opened->journal.reset();
  const DataDirectory directory = *DataDirectory::open(files_, "/data", Opener::reader);
  for (SegmentNumber number = segment; number <= segment_of(records_.back().place); ++number) {
    files_.flip(directory.segment_path(number), 20, 1);
    expect_refused(directory.segment_path(number));
    files_.flip(directory.segment_path(number), 20, 1);
  }
  ASSERT_OK(read());
}

class NarrowCheckpoint : public LostSegment {
 protected:
  /// Opens a journal with two checkpoints.
  void SetUp() override {
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener_);
    ASSERT_OK(opened);
    journal_ = std::move(opened->journal);
    ASSERT_OK(journal_->append(make_proposal("a record")));
    ASSERT_TRUE(listener_.wait_for(1));
    for (int i = 0; i < 2; ++i) ASSERT_OK(journal_->write_checkpoint(2, add_state));
  }

  /// The disk has no room for the first `times` operations of `kind` from now on.
  void refuse(Operation::Kind kind, int times) {
    const auto left = std::make_shared<int>(times);  // the function is copied for each call
    files_.set_fault([kind, left](const Operation& operation) -> std::optional<Error> {
      const bool is_here = operation.kind == kind &&
                           (kind == Operation::Kind::sync_dir
                                ? operation.path == "/data"
                                : operation.path.string().find("checkpoint") != std::string::npos);
      if (!is_here || (*left)-- <= 0) return std::nullopt;
      return Error{ErrorCode::storage_full, "no room for the name"};
    });
  }

  std::vector<std::uint64_t> checkpoints() {
    std::vector<std::uint64_t> numbers;
    const auto names = files_.list("/data");
    for (const std::string& name : *names) {
      if (const auto number = parse_checkpoint_name(name)) numbers.push_back(*number);
    }
    return numbers;
  }

  RecordingListener listener_;
  std::unique_ptr<Journal> journal_;
};

TEST_F(NarrowCheckpoint, GivesUpTheOlderOneIfThereIsNoRoomForItsName) {
  refuse(Operation::Kind::rename, 1);
  ASSERT_OK(journal_->write_checkpoint(2, add_state));
  EXPECT_EQ(checkpoints(), (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(NarrowCheckpoint, GivesUpTheOlderOneIfItsFolderCannotBeSynced) {
  refuse(Operation::Kind::sync_dir, 1);
  ASSERT_OK(journal_->write_checkpoint(2, add_state));
  EXPECT_EQ(checkpoints(), (std::vector<std::uint64_t>{2, 3}));
}

TEST_F(NarrowCheckpoint, SaysTheCauseAndKeepsTheNewestIfThereIsNoRoomAtAll) {
  for (const auto kind : {Operation::Kind::rename, Operation::Kind::sync_dir}) {
    refuse(kind, 1'000);
    const auto written = journal_->write_checkpoint(2, add_state);
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code, ErrorCode::storage_full);
    EXPECT_EQ(written.error().message, "no room for the name");
    EXPECT_EQ(checkpoints(), (std::vector<std::uint64_t>{2}));
  }
  files_.set_fault({});
  journal_.reset();
  const Result<Contents> found = read();
  ASSERT_OK(found);
  EXPECT_EQ(found->recovered.checkpoint->number, 2u);
}

// Counts the calls of a pool.
class PoolCalls final : public SegmentPoolListener {
 public:
  void on_segments_changed() override {
    const std::lock_guard lock(mutex_);
    ++calls_;
    changed_.notify_all();
  }
  void on_pool_failed(const Error& error) override { ADD_FAILURE() << error.message; }

  /// Waits until `is_so`, looking after each call and now and then.
  template <class Predicate>
  bool wait_until(Predicate is_so) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    std::unique_lock lock(mutex_);
    while (!is_so() && std::chrono::steady_clock::now() < deadline) {
      changed_.wait_for(lock, std::chrono::milliseconds(5));
    }
    return is_so();
  }
  [[nodiscard]] std::size_t calls() const { return calls_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::atomic<std::size_t> calls_ = 0;
};

TEST(FullDisk, IsNoticedToHealAlsoIfOnlyALongerLogMadeItShort) {
  Options options = small_options();
  options.allocate_retry = std::chrono::milliseconds(10);
  FaultyFileSystem files;
  // Room for the two segments of the reserve, and less than half of another.
  files.set_capacity(2 * options.segment_bytes + 5'000);
  const DataDirectory directory = *DataDirectory::open(files, "/data", Opener::writer);
  SegmentTable log(directory, {}, Access::buffered);
  PoolCalls calls;
  SegmentPool pool(directory, options, log, 10, {});
  pool.start(calls);
  ASSERT_TRUE(calls.wait_until([&] { return pool.ready() == 2; }));
  ASSERT_TRUE(calls.wait_until([&] { return calls.calls() == 2; }));
  ASSERT_FALSE(pool.is_short());
  log.add({1, 1, 4 * options.segment_bytes}, nullptr);
  ASSERT_TRUE(pool.is_short());
  files.set_capacity(std::uint64_t{1} << 40);
  EXPECT_TRUE(calls.wait_until([&] { return !pool.is_short(); }));
  pool.stop();
}

}  // namespace
}  // namespace millrace::journal
