// Promises of backups: a backup is the log as of one durable record, whatever is written, released
// and compacted meanwhile; it can be restored into a new directory only, as a whole, and a damaged or
// unfinished one not at all; and a failed one leaves nothing behind.
#include "actors/journal/backup/backup.hpp"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

Result<void> always() {
  return {};
}

const BackupIdentity identity{"a", "orders", 7, 11};

class Backup : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener_);
    ASSERT_OK(opened);
    journal_ = std::move(opened->journal);
  }

  void append(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      ASSERT_OK(journal_->append(make_proposal(body_of(++appended_, 2'000))));
    }
    ASSERT_TRUE(listener_.wait_for(appended_));
  }

  Result<logs::CheckpointInfo> checkpoint(Lsn replay_from) {
    return journal_->write_checkpoint(replay_from, [&](CheckpointWriter& out) {
      return out.add(1, std::to_string(replay_from));
    });
  }

  Result<Contents> read(const FileSystem::Path& path) {
    Result<DataDirectory> directory = DataDirectory::open(files_, path, Opener::reader);
    if (!directory) return directory.error();
    return read_all(*directory);
  }

  /// Restores /backup into /restored, and expects the records up to the manifest's.
  void expect_restored() {
    const auto manifest = restore_backup(files_, "/backup", "/restored");
    ASSERT_OK(manifest);
    const Result<Contents> found = read("/restored");
    ASSERT_OK(found);
    EXPECT_EQ(found->recovered.end.last_lsn, manifest->last_lsn);
    EXPECT_FALSE(found->recovered.end.torn);
    // A record is durable, and thus in a backup, before the listener is told of it.
    ASSERT_TRUE(listener_.wait_for(manifest->last_lsn));
    const std::vector<Record> written = listener_.records();
    for (const Record& record : found->records) EXPECT_EQ(record, written.at(record.lsn - 1));
    ASSERT_FALSE(found->records.empty());
    EXPECT_EQ(found->records.back().lsn, manifest->last_lsn);
    EXPECT_EQ(found->records.size(), manifest->last_lsn + 1 - found->recovered.start.replay_from);
  }

  FaultyFileSystem files_;
  RecordingListener listener_;
  std::unique_ptr<Journal> journal_;
  Lsn appended_ = 0;
};

TEST_F(Backup, HoldsAllRecordsThatWereConfirmed) {
  append(200);
  const auto manifest = journal_->back_up("/backup", identity, 5, always);
  ASSERT_OK(manifest);
  EXPECT_EQ(manifest->last_lsn, 200u);
  const auto read = read_manifest(files_, "/backup");
  ASSERT_OK(read);
  EXPECT_EQ(read->identity.node, "a");
  EXPECT_EQ(read->identity.cluster, "orders");
  EXPECT_EQ(read->identity.incarnation, 7u);
  EXPECT_EQ(read->identity.generation, 11u);
  EXPECT_EQ(read->at_us, 5);
  EXPECT_EQ(read->files.size(), manifest->files);
  EXPECT_EQ(read->bytes(), manifest->bytes);
  expect_restored();
  const auto from = restored_from(*DataDirectory::open(files_, "/restored", Opener::reader));
  ASSERT_TRUE(from);
  EXPECT_EQ(from->last_lsn, 200u);
}

TEST_F(Backup, OfAnEmptyLogIsAnEmptyLog) {
  ASSERT_OK(journal_->back_up("/backup", identity, 5, always));
  ASSERT_OK(restore_backup(files_, "/backup", "/restored"));
  const Result<Contents> found = read("/restored");
  ASSERT_OK(found);
  EXPECT_TRUE(found->records.empty());
}

TEST_F(Backup, IsOneMomentOfALogThatGoesOn) {
  append(50);
  std::atomic<bool> is_over = false;
  std::thread writer([&] {
    for (std::size_t i = 0; !is_over; ++i) {
      ASSERT_OK(journal_->append(make_proposal(body_of(++appended_, 2'000))));
      ASSERT_TRUE(listener_.wait_for(appended_));
      if (i % 40 == 39) {
        ASSERT_OK(checkpoint(appended_ - 20));
        journal_->release_before(journal_->stats().current_segment);
      }
    }
  });
  for (int i = 0; i < 20; ++i) {
    const std::size_t before = listener_.records().size();
    const auto manifest = journal_->back_up("/backup", identity, 5, always);
    EXPECT_OK(manifest);
    if (!manifest) break;
    EXPECT_GE(manifest->last_lsn, before);
    expect_restored();
    for (const char* path : {"/backup", "/restored"}) {
      for (const std::string folder : {"", "/segments"}) {
        const auto names = files_.list(path + folder);
        for (const std::string& name : *names) {
          if (name == "segments" || name == "lock") continue;
          EXPECT_OK(files_.remove(FileSystem::Path(path + folder) / name));
        }
      }
    }
    if (HasFailure()) break;
  }
  is_over = true;
  writer.join();
}

TEST_F(Backup, KeepsSegmentsFromBeingReleased) {
  append(200);
  ASSERT_OK(checkpoint(200));
  const SegmentNumber first = journal_->stats().first_segment;
  ASSERT_OK(journal_->back_up("/backup", identity, 5, [&]() -> Result<void> {
    journal_->release_before(journal_->stats().current_segment);
    EXPECT_EQ(journal_->stats().first_segment, first);
    return {};
  }));
  journal_->release_before(journal_->stats().current_segment);
  EXPECT_GT(journal_->stats().first_segment, first);
  expect_restored();
}

TEST_F(Backup, OfAStoppedNodeHoldsItsLog) {
  append(100);
  ASSERT_OK(checkpoint(60));
  journal_->stop();
  journal_.reset();
  {
    // A start opens a segment, and writes a mark there.
    RecordingListener listener;
    ASSERT_OK(open_journal(files_, "/data", small_options(), listener));
  }
  const DataDirectory directory = *DataDirectory::open(files_, "/data", Opener::reader);
  ASSERT_OK(back_up_stopped(directory, "/backup", 5));
  expect_restored();
}

TEST_F(Backup, IsRefusedIntoADirectoryWithFiles) {
  append(10);
  ASSERT_OK(journal_->back_up("/backup", identity, 5, always));
  const auto again = journal_->back_up("/backup", identity, 5, always);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::foreign_file);
  const auto restored = restore_backup(files_, "/backup", "/data");
  ASSERT_FALSE(restored);
  EXPECT_EQ(restored.error().code, ErrorCode::foreign_file);
}

TEST_F(Backup, IsNoDataDirectoryItself) {
  append(10);
  ASSERT_OK(journal_->back_up("/backup", identity, 5, always));
  const auto opened = DataDirectory::open(files_, "/backup", Opener::writer);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::foreign_file);
}

TEST_F(Backup, IsRefusedWhereverItIsDamaged) {
  append(10);
  ASSERT_OK(journal_->back_up("/backup", identity, 5, always));
  const auto manifest = read_manifest(files_, "/backup");
  ASSERT_OK(manifest);
  std::vector<std::string> names{"manifest"};
  for (const BackupFile& file : manifest->files) names.push_back(file.name);
  int target = 0;
  for (const std::string& name : names) {
    const FileSystem::Path path = FileSystem::Path("/backup") / name;
    for (const std::uint64_t offset : {std::size_t{0}, files_.contents(path).size() - 2}) {
      files_.flip(path, offset, 1);
      const FileSystem::Path into = "/restored-" + std::to_string(++target);
      const auto restored = restore_backup(files_, "/backup", into);
      ASSERT_FALSE(restored) << name << " offset " << offset;
      EXPECT_EQ(restored.error().code, ErrorCode::corrupt) << restored.error().message;
      EXPECT_FALSE(DataDirectory::open(files_, into, Opener::reader));
      files_.flip(path, offset, 1);
    }
  }
  const std::string text = files_.contents("/backup/manifest");
  ASSERT_OK(files_.remove("/backup/manifest"));
  EXPECT_EQ(restore_backup(files_, "/backup", "/restored").error().code, ErrorCode::not_found);
}

TEST_F(Backup, ThatFailsLeavesNoFiles) {
  append(100);
  files_.set_fault([](const Operation& operation) -> std::optional<Error> {
    const bool is_here = operation.kind == Operation::Kind::write &&
                         operation.path == "/backup/segments/0000000002.seg";
    if (!is_here) return std::nullopt;
    return Error{ErrorCode::storage_full, "no room"};
  });
  const auto failed = journal_->back_up("/backup", identity, 5, always);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::storage_full);
  files_.set_fault({});
  EXPECT_TRUE(files_.list("/backup/segments")->empty());
  ASSERT_OK(journal_->back_up("/backup", identity, 5, always));
  expect_restored();
}

TEST_F(Backup, EndsWhenItMayNotGoOn) {
  append(100);
  const auto ended = journal_->back_up("/backup", identity, 5, []() -> Result<void> {
    return Error{ErrorCode::draining, "the node stops"};
  });
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace::journal
