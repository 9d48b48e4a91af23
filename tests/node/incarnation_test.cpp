// Promise: each incarnation is higher than all earlier ones, also if the clock was set back; and a data
// directory that was copied or restored is recognised as a copy until it is confirmed.
// Checked on files in a temporary directory.
#include "cluster/node/incarnation.hpp"

#include <chrono>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <string>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::cluster {
namespace {

TEST(Incarnation, IsTheTimeOfTheStart) {
  const journal::TemporaryDirectory directory;
  const auto first = next_incarnation(directory.path() / "data", 5'000);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->number, 5'000U);
}

TEST(Incarnation, GrowsWhenTheClockGoesBack) {
  const journal::TemporaryDirectory directory;
  ASSERT_TRUE(next_incarnation(directory.path(), 5'000));
  const auto second = next_incarnation(directory.path(), 10);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, 5'001U);
}

TEST(Incarnation, SurvivesAStartThatCrashedHalfway) {
  const journal::TemporaryDirectory directory;
  ASSERT_TRUE(next_incarnation(directory.path(), 5'000));
  std::ofstream(directory.path() / "incarnation.tmp") << "99";
  const auto second = next_incarnation(directory.path(), 10);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->number, 5'001U);
}

TEST(Incarnation, NeedsNoRoomAfterTheFirstStart) {
  journal::FaultyFileSystem files;
  ASSERT_TRUE(next_incarnation("/data", 1'700'000'000'000'000, files));
  files.set_capacity(files.used_bytes());
  for (const TimeUs now_us : {TimeUs{1'800'000'000'000'000}, TimeUs{10}}) {
    const auto next = next_incarnation("/data", now_us, files);
    ASSERT_TRUE(next) << next.error().message;
    const std::string stored = files.contents("/data/incarnation");
    EXPECT_EQ(stored, std::to_string(next->number) + "\n");
    EXPECT_TRUE(files.contents("/data/incarnation.tmp").empty());
  }
  EXPECT_EQ(files.contents("/data/incarnation"), "1800000000000001\n");
  journal::FaultyFileSystem full;
  full.set_capacity(0);
  EXPECT_EQ(next_incarnation("/data", 5, full).error().code, ErrorCode::storage_full);
}

TEST(Incarnation, IsHigherAfterAPowerLossAtAnyMoment) {
  for (int operations = 0; operations < 12; ++operations) {
    journal::FaultyFileSystem files;
    std::mt19937_64 random(static_cast<std::uint64_t>(operations));
    std::uint64_t highest = 0;
    for (int start = 0; start < 4; ++start) {
      if (start == 2) files.set_capacity(files.used_bytes());
      int left = operations;
      files.set_fault([&](const journal::Operation&) -> std::optional<Error> {
        if (left-- > 0) return std::nullopt;
        return Error{ErrorCode::storage_failed, "the power is gone"};
      });
      const auto next = next_incarnation("/data", 5'000, files);
      if (next) {
        EXPECT_GT(next->number, highest)
            << "after " << operations << " operations, start " << start;
        highest = next->number;
      }
      files.crash(random);
    }
  }
}

TEST(Incarnation, IsAFileOfTheOwnerAndNoLink) {
  const journal::TemporaryDirectory directory;
  const mode_t before = ::umask(0);
  ASSERT_TRUE(next_incarnation(directory.path() / "data", 5'000));
  ::umask(before);
  const auto file = directory.path() / "data" / "incarnation";
  EXPECT_EQ(static_cast<unsigned>(std::filesystem::status(file).permissions()), 0640u);
  std::ofstream(directory.path() / "outside") << "7\n";
  std::filesystem::remove(file);
  std::filesystem::create_symlink(directory.path() / "outside", file);
  EXPECT_FALSE(next_incarnation(directory.path() / "data", 5'000));
  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_FALSE(next_incarnation(directory.path() / "data", 5'000));
}

class CopiedDirectory : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path at(const char* name) const {
    return directory_.path() / name;
  }
  /// Starts a node in the directory, as far as it is new. Returns whether it is a copy.
  static bool is_copy(const std::filesystem::path& directory) {
    await_another_birth(directory);
    const auto next = next_incarnation(directory, 5'000);
    EXPECT_TRUE(next);
    std::ofstream(directory / "format") << "made by the journal";
    return next && next->is_copy;
  }
  /// Births are told apart by the ticks of the kernel. Returns when a file that is made now differs from
  /// the one that keeps the incarnation, as in any two starts of a node.
  static void await_another_birth(const std::filesystem::path& directory) {
    files::FileSystem& files = files::posix_file_system();
    const auto kept =
        files.open(directory / "incarnation", files::OpenMode::read, files::Access::buffered);
    if (!kept) return;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto probe = directory / "probe";
      const auto file = files.open(probe, files::OpenMode::create, files::Access::buffered);
      const bool is_another = file && *(*file)->identity() != *(*kept)->identity();
      std::filesystem::remove(probe);
      if (is_another) return;
    }
  }
  static void copy(const std::filesystem::path& from, const std::filesystem::path& to) {
    await_another_birth(from);
    using std::filesystem::copy_options;
    std::filesystem::copy(from, to, copy_options::recursive | copy_options::overwrite_existing);
  }

  const journal::TemporaryDirectory directory_;
};

TEST_F(CopiedDirectory, IsNoneWhereverItIsMovedAndHoweverOftenItIsStarted) {
  EXPECT_FALSE(is_copy(at("a"))) << "a new directory";
  EXPECT_FALSE(is_copy(at("a")));
  std::filesystem::rename(at("a"), at("b"));
  EXPECT_FALSE(is_copy(at("b")));
}

TEST_F(CopiedDirectory, IsRecognisedUntilItIsConfirmed) {
  ASSERT_FALSE(is_copy(at("a")));
  copy(at("a"), at("b"));
  EXPECT_TRUE(is_copy(at("b")));
  EXPECT_TRUE(is_copy(at("b"))) << "a restart proves nothing";
  ASSERT_TRUE(confirm_directory(at("b"), 9'000));
  EXPECT_FALSE(is_copy(at("b")));
  const auto next = next_incarnation(at("b"), 10);
  EXPECT_GT(next->number, 9'000u);
  EXPECT_FALSE(is_copy(at("a"))) << "the original";
}

TEST_F(CopiedDirectory, IsRecognisedWhenItsFilesReplaceThoseOfALaterStart) {
  ASSERT_FALSE(is_copy(at("a")));
  copy(at("a"), at("b"));
  ASSERT_FALSE(is_copy(at("a")));
  copy(at("b"), at("a"));
  EXPECT_TRUE(is_copy(at("a")));
}

TEST_F(CopiedDirectory, IsOneThatWasRestoredFromABackup) {
  std::filesystem::create_directory(at("a"));
  std::ofstream(at("a") / "format") << "restored: there is no incarnation";
  EXPECT_TRUE(is_copy(at("a")));
}

TEST_F(CopiedDirectory, IsNoneOfAnOlderVersion) {
  std::filesystem::create_directory(at("a"));
  std::ofstream(at("a") / "incarnation") << "77\n";
  std::ofstream(at("a") / "format") << "made by the journal";
  EXPECT_FALSE(is_copy(at("a")));
}

TEST(Incarnation, FailsIfTheFileIsDamaged) {
  const journal::TemporaryDirectory directory;
  std::ofstream(directory.path() / "incarnation") << "12x\n";
  const auto next = next_incarnation(directory.path(), 10);
  ASSERT_FALSE(next);
  EXPECT_EQ(next.error().code, ErrorCode::corrupt);
  EXPECT_NE(next.error().message.find("incarnation"), std::string::npos);
}

}  // namespace
}  // namespace millrace::cluster
