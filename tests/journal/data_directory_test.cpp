// Promises of opening a data directory: one writer at a time, foreign directories stay unchanged,
// newer formats are refused, and the error names the file.
#include "actors/journal/disk/data_directory.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/journal/journal_fixture.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::journal {
namespace {

class DataDirectoryOnDisk : public ::testing::Test {
 protected:
  Result<DataDirectory> open(Opener opener) {
    return DataDirectory::open(posix_file_system(), path_, opener);
  }
  void write(const std::string& name, const std::string& text) {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream{path_ / name} << text;
  }

  TemporaryDirectory directory_;
  std::filesystem::path path_ = directory_.path() / "new" / "data";
};

TEST_F(DataDirectoryOnDisk, IsCreatedByAWriterOnly) {
  EXPECT_EQ(open(Opener::reader).error().code, ErrorCode::not_found);
  EXPECT_FALSE(std::filesystem::exists(path_));
  ASSERT_OK(open(Opener::writer));
  ASSERT_OK(open(Opener::reader));
}

TEST_F(DataDirectoryOnDisk, IsNobodyElsesWhateverTheUmask) {
  for (const mode_t umask_of_caller : {0000, 0022, 0077}) {
    const mode_t before = ::umask(umask_of_caller);
    const auto opened = open(Opener::writer);
    ::umask(before);
    ASSERT_OK(opened);
    const auto mode_of = [](const std::filesystem::path& path) {
      return static_cast<unsigned>(std::filesystem::status(path).permissions());
    };
    EXPECT_EQ(mode_of(path_), 0750u) << umask_of_caller;
    EXPECT_EQ(mode_of(path_ / "segments"), 0750u) << umask_of_caller;
    EXPECT_EQ(mode_of(path_ / "lock"), 0640u) << umask_of_caller;
    EXPECT_EQ(mode_of(path_ / "format"), 0640u) << umask_of_caller;
    std::filesystem::remove_all(path_);
  }
}

TEST_F(DataDirectoryOnDisk, FollowsNoSymbolicLinkInIt) {
  ASSERT_OK(open(Opener::writer));
  const std::filesystem::path outside = directory_.path() / "outside";
  std::ofstream{outside} << "precious";
  for (const char* name : {"lock", "format"}) {
    std::filesystem::rename(path_ / name, directory_.path() / name);
    std::filesystem::create_symlink(outside, path_ / name);
    const auto opened = open(Opener::writer);
    ASSERT_FALSE(opened) << name;
    EXPECT_NE(opened.error().message.find(name), std::string::npos) << opened.error().message;
    EXPECT_NE(opened.error().message.find("symbolic link"), std::string::npos)
        << opened.error().message;
    std::filesystem::rename(directory_.path() / name, path_ / name);
  }
  std::filesystem::rename(path_ / "segments", directory_.path() / "segments");
  std::filesystem::create_directory_symlink(directory_.path() / "segments", path_ / "segments");
  EXPECT_EQ(open(Opener::writer).error().code, ErrorCode::foreign_file);
  EXPECT_EQ(std::filesystem::file_size(outside), 8u);
}

TEST_F(DataDirectoryOnDisk, WaitsForNoFifo) {
  ASSERT_OK(open(Opener::writer));
  for (const char* name : {"lock", "format"}) {
    std::filesystem::remove(path_ / name);
    ASSERT_EQ(::mkfifo((path_ / name).c_str(), 0600), 0);
    for (const Opener opener : {Opener::writer, Opener::reader}) {
      const auto opened = open(opener);
      ASSERT_FALSE(opened) << name;
      EXPECT_NE(opened.error().message.find("expected a regular file"), std::string::npos)
          << opened.error().message;
    }
    std::filesystem::remove(path_ / name);
  }
}

TEST_F(DataDirectoryOnDisk, IsNotCreatedByAReaderInAnEmptyDirectory) {
  std::filesystem::create_directories(path_);
  EXPECT_EQ(open(Opener::reader).error().code, ErrorCode::not_found);
  EXPECT_TRUE(std::filesystem::is_empty(path_));
}

TEST_F(DataDirectoryOnDisk, HasOneWriterAndThenNoReader) {
  const Result<DataDirectory> writer = open(Opener::writer);
  ASSERT_OK(writer);
  for (const Opener opener : {Opener::writer, Opener::reader}) {
    const Result<DataDirectory> second = open(opener);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::storage_locked);
    EXPECT_NE(second.error().message.find("process " + std::to_string(::getpid())),
              std::string::npos)
        << second.error().message;
  }
}

TEST_F(DataDirectoryOnDisk, HasManyReadersAndThenNoWriter) {
  ASSERT_OK(open(Opener::writer));
  const Result<DataDirectory> first = open(Opener::reader);
  const Result<DataDirectory> second = open(Opener::reader);
  ASSERT_OK(first);
  ASSERT_OK(second);
  EXPECT_EQ(open(Opener::writer).error().code, ErrorCode::storage_locked);
}

TEST_F(DataDirectoryOnDisk, RefusesAForeignDirectoryAndLeavesItUnchanged) {
  write("thesis.tex", "text");
  const Result<DataDirectory> opened = open(Opener::writer);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::foreign_file);
  EXPECT_NE(opened.error().message.find("thesis.tex"), std::string::npos);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator{path_}, {}), 1);
}

TEST_F(DataDirectoryOnDisk, RefusesForeignFilesAmongItsOwn) {
  ASSERT_OK(open(Opener::writer));
  for (const char* name : {"notes.txt", "segments/notes.txt", "checkpoint-12", "segments/1.seg"}) {
    write(name, "text");
    for (const Opener opener : {Opener::writer, Opener::reader}) {
      const Result<DataDirectory> opened = open(opener);
      ASSERT_FALSE(opened) << name;
      EXPECT_EQ(opened.error().code, ErrorCode::foreign_file) << name;
      EXPECT_NE(opened.error().message.find(name), std::string::npos) << opened.error().message;
    }
    std::filesystem::remove(path_ / name);
  }
  ASSERT_OK(open(Opener::writer));
}

TEST_F(DataDirectoryOnDisk, RefusesANewerFormatAndAnInvalidOne) {
  ASSERT_OK(open(Opener::writer));
  write("format", "millrace data directory, format 2\n");
  EXPECT_EQ(open(Opener::writer).error().code, ErrorCode::unsupported_version);
  EXPECT_EQ(open(Opener::reader).error().code, ErrorCode::unsupported_version);
  write("format", "millrace data directory, format x\n");
  EXPECT_EQ(open(Opener::writer).error().code, ErrorCode::corrupt);
  write("format", "another program's format file\n");
  EXPECT_EQ(open(Opener::writer).error().code, ErrorCode::foreign_file);
}

TEST_F(DataDirectoryOnDisk, CompletesAnInterruptedFirstStart) {
  for (const char* name : {"lock", "format.tmp"}) write(name, "");
  std::filesystem::create_directories(path_ / "segments");
  ASSERT_OK(open(Opener::writer));
  EXPECT_FALSE(std::filesystem::exists(path_ / "format.tmp"));
  ASSERT_OK(open(Opener::reader));
}

TEST_F(DataDirectoryOnDisk, RemovesUnfinishedFilesOfACrash) {
  ASSERT_OK(open(Opener::writer));
  write("segments/0000000009.seg.tmp", "half");
  write("checkpoint-0000000003.tmp", "half");
  ASSERT_OK(open(Opener::reader));
  EXPECT_TRUE(std::filesystem::exists(path_ / "segments/0000000009.seg.tmp"));
  ASSERT_OK(open(Opener::writer));
  EXPECT_FALSE(std::filesystem::exists(path_ / "segments/0000000009.seg.tmp"));
  EXPECT_FALSE(std::filesystem::exists(path_ / "checkpoint-0000000003.tmp"));
}

TEST(SegmentName, IsTenDigitsOrMore) {
  EXPECT_EQ(parse_segment_name("0000000012.seg"), 12u);
  EXPECT_EQ(parse_segment_name("4294967295.seg"), 4294967295u);
  EXPECT_EQ(parse_segment_name("4294967296.seg"), std::nullopt);
  EXPECT_EQ(parse_segment_name("12.seg"), std::nullopt);
  EXPECT_EQ(parse_segment_name("000000001x.seg"), std::nullopt);
  EXPECT_EQ(parse_checkpoint_name("checkpoint-0000000012"), 12u);
  EXPECT_EQ(parse_checkpoint_name("checkpoint-12"), std::nullopt);
}

}  // namespace
}  // namespace millrace::journal
