// Promises of checkpoints: entries are read back as they were written, a damaged checkpoint is not
// used, and segments are released only when the checkpoint that replaces them is durable.
#include "actors/journal/checkpoint/checkpoint.hpp"

#include <random>

#include <gtest/gtest.h>

#include "actors/journal/journal.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

using Entries = std::vector<std::pair<Section, std::string>>;

class Checkpoint : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<DataDirectory> opened = DataDirectory::open(files_, "/data", Opener::writer);
    ASSERT_OK(opened);
    directory_.emplace(*std::move(opened));
  }

  Result<CheckpointFileInfo> write(std::uint64_t number, const Entries& entries, Lsn from = 1) {
    return write_checkpoint(*directory_, number, {from, from - 1}, [&](CheckpointWriter& writer) {
      for (const auto& [section, bytes] : entries) {
        if (Result<void> added = writer.add(section, bytes); !added) return added;
      }
      return Result<void>{};
    });
  }

  Entries read(std::uint64_t number) {
    Entries entries;
    EXPECT_OK(read_checkpoint(*directory_, number, [&](Section section, std::string_view bytes) {
      entries.emplace_back(section, bytes);
      return Result<void>{};
    }));
    return entries;
  }

  FaultyFileSystem files_;
  std::optional<DataDirectory> directory_;
};

TEST_F(Checkpoint, EntriesOfAnySizeAreReadBackInOrder) {
  std::mt19937_64 random{7};
  Entries entries{{1, ""}, {2, std::string(3'500'000, 'b')}, {1, ""}};
  // Lengths around the end of a chunk.
  for (std::size_t length = 0; length < 40; length += 3) {
    entries.emplace_back(3, std::string((1U << 20) - 32 - 12 - 20 + length, 'c'));
    entries.emplace_back(4, "");
  }
  for (int i = 0; i < 20'000; ++i) entries.emplace_back(5, std::string(random() % 100, 'd'));
  const Result<CheckpointFileInfo> written = write(1, entries, 12);
  ASSERT_OK(written);
  EXPECT_EQ(written->entries, entries.size());
  EXPECT_EQ(read(1), entries);
  const Result<Checkpoints> found = find_checkpoints(*directory_);
  ASSERT_OK(found);
  ASSERT_TRUE(found->newest);
  EXPECT_EQ(found->newest->start.replay_from, 12u);
  EXPECT_EQ(found->newest->start.last_durable, 11u);
  EXPECT_EQ(found->newest->bytes, written->bytes);
}

TEST_F(Checkpoint, KeepsTheNewestTwo) {
  for (std::uint64_t number = 1; number <= 4; ++number) ASSERT_OK(write(number, {{1, "x"}}));
  EXPECT_TRUE(files_.contents("/data/checkpoint-0000000002").empty());
  EXPECT_FALSE(files_.contents("/data/checkpoint-0000000003").empty());
  EXPECT_EQ(find_checkpoints(*directory_)->newest->number, 4u);
}

TEST_F(Checkpoint, WithAFlippedByteIsSkippedAndTheOneBeforeIsUsed) {
  ASSERT_OK(write(1, {{1, "old"}}));
  ASSERT_OK(write(2, {{1, "new"}, {2, std::string(500, 'n')}}));
  const FileSystem::Path path = "/data/checkpoint-0000000002";
  const std::size_t covered = 4096 + 32 + 12 + 3 + 12 + 500;
  for (std::size_t at = 0; at < files_.contents(path).size(); ++at) {
    files_.flip(path, at, 0x40);
    const Result<Checkpoints> found = find_checkpoints(*directory_);
    ASSERT_OK(found);
    ASSERT_TRUE(found->newest);
    const bool padding = (at >= 44 && at < 4096) || at >= covered;
    EXPECT_EQ(found->newest->number, padding ? 2u : 1u) << "offset " << at;
    EXPECT_EQ(found->damaged.size(), padding ? 0u : 1u) << "offset " << at;
    EXPECT_EQ(found->last_number, 2u);
    files_.flip(path, at, 0x40);
  }
}

TEST_F(Checkpoint, CutShortIsSkipped) {
  ASSERT_OK(write(1, {{1, "old"}}));
  ASSERT_OK(write(2, {{1, std::string(2'500'000, 'n')}}));
  const FileSystem::Path path = "/data/checkpoint-0000000002";
  const std::string intact = files_.contents(path);
  for (std::size_t blocks = 0; blocks < intact.size() / 4096; blocks += 7) {
    files_.set_contents(path, intact.substr(0, blocks * 4096));
    ASSERT_EQ(find_checkpoints(*directory_)->newest->number, 1u) << blocks << " blocks";
  }
}

TEST_F(Checkpoint, DamagedWithoutAnOlderOneRefusesTheStart) {
  ASSERT_OK(write(1, {{1, "only"}}));
  files_.flip("/data/checkpoint-0000000001", 4096 + 40, 1);
  const Result<Contents> found = read_all(*directory_);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt);
  EXPECT_NE(found.error().message.find("checkpoint-0000000001: offset 4096"), std::string::npos)
      << found.error().message;
}

TEST_F(Checkpoint, ThatFailsKeepsTheOneBefore) {
  ASSERT_OK(write(1, {{1, "old"}}));
  const Result<CheckpointFileInfo> failed =
      write_checkpoint(*directory_, 2, {1, 0}, [](CheckpointWriter& writer) {
        EXPECT_OK(writer.add(1, std::string(3'000'000, 'x')));
        return Result<void>{Error{ErrorCode::draining, "the fill failed"}};
      });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::draining);
  EXPECT_EQ(find_checkpoints(*directory_)->last_number, 1u);
  EXPECT_TRUE(files_.contents("/data/checkpoint-0000000002.tmp").empty());
}

TEST_F(Checkpoint, IsCompleteOrAbsentAfterACrash) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random{seed};
    FaultyFileSystem files;
    std::uint64_t operations = 0;
    Result<DataDirectory> directory = DataDirectory::open(files, "/data", Opener::writer);
    ASSERT_OK(directory);
    const auto fill = [&](CheckpointWriter& writer) {
      return writer.add(1, std::string(1'100'000, 'x'));
    };
    ASSERT_OK(write_checkpoint(*directory, 1, {1, 0}, fill));
    const std::uint64_t crash_at = 1 + random() % 9;
    files.set_fault([&](const Operation&) -> std::optional<Error> {
      if (++operations == crash_at) files.crash(random);
      return operations >= crash_at ? std::optional{Error{ErrorCode::storage_failed, "power"}}
                                    : std::nullopt;
    });
    const bool done = write_checkpoint(*directory, 2, {1, 0}, fill).has_value();
    if (operations < crash_at) files.crash(random);
    files.set_fault({});
    const Result<DataDirectory> again = DataDirectory::open(files, "/data", Opener::writer);
    ASSERT_OK(again);
    const Result<Checkpoints> found = find_checkpoints(*again);
    ASSERT_OK(found);
    EXPECT_TRUE(found->damaged.empty());
    ASSERT_TRUE(found->newest);
    EXPECT_TRUE(!done || found->newest->number == 2u);
  }
}

TEST_F(Checkpoint, IsRefusedForAReleasedPartOfTheLog) {
  directory_.reset();
  RecordingListener listener;
  Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
  ASSERT_OK(opened);
  Journal& journal = *opened->journal;
  const auto nothing = [](CheckpointWriter&) {
    return Result<void>{};
  };
  EXPECT_EQ(journal.write_checkpoint(2, nothing).error().code, ErrorCode::invalid_argument);
  for (Lsn lsn = 1; lsn <= 1000; ++lsn) ASSERT_OK(journal.append(make_proposal(body_of(lsn))));
  ASSERT_TRUE(listener.wait_for(1000));
  const SegmentNumber current = journal.stats().current_segment;
  journal.release_before(current);
  EXPECT_EQ(journal.stats().first_segment, listener.records().front().place == Place{}
                                               ? 0u
                                               : segment_of(listener.records().front().place))
      << "released without a checkpoint";
  ASSERT_OK(journal.write_checkpoint(900, nothing));
  journal.release_before(current);
  EXPECT_EQ(journal.stats().first_segment, segment_of(listener.records()[899].place));
  EXPECT_EQ(journal.write_checkpoint(1, nothing).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(journal.read(listener.records().front().place).error().code, ErrorCode::not_found);
  EXPECT_EQ(*journal.read(listener.records()[950].place), body_of(951));
}

}  // namespace
}  // namespace millrace::journal
