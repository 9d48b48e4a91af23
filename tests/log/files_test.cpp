// Promises of every log that keeps files: what was put is found by whoever opens the log next, on whatever
// machine, and by the standby that takes the database over; what keep() does not name is dropped; a former
// owner changes nothing.
#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "tests/log/log_contract.hpp"

namespace millrace::logs {
namespace {

class LogFiles : public LogContract {
 protected:
  static std::string contents(std::size_t bytes, char first = 'a') {
    std::string out(bytes, '\0');
    for (std::size_t i = 0; i < bytes; ++i) out[i] = static_cast<char>(first + i * 7 % 101);
    return out;
  }
  static Result<FileNumber> put(FileStore& files, const std::string& bytes) {
    std::size_t at = 0;
    return files.put([&]() -> Result<std::string_view> {
      const std::string_view piece = std::string_view(bytes).substr(at, file_piece_bytes);
      at += piece.size();
      return piece;
    });
  }
  static Result<std::string> get(FileStore& files, FileNumber number) {
    std::string bytes;
    const auto got = files.get(number, [&](std::string_view piece) -> Result<void> {
      bytes += piece;
      return {};
    });
    if (!got) return got.error();
    return bytes;
  }
  /// What `engine` finds as a process that starts now, before it starts the log, and as a tool.
  void expect_found(FileNumber number, const std::string& bytes) {
    for (const Opener opener : {Opener::reader, Opener::writer}) {
      const auto engine = fixture_->make_engine();
      const auto opened = engine->open(opener);
      ASSERT_TRUE(opened) << opened.error().message;
      ASSERT_TRUE(recover_all(**opened));
      ASSERT_NE((*opened)->files(), nullptr);
      const auto got = get(*(*opened)->files(), number);
      ASSERT_TRUE(got) << got.error().message;
      EXPECT_EQ(*got, bytes);
    }
  }
};

#define REQUIRE_FILES(process)                                                     \
  ASSERT_TRUE(process);                                                            \
  EXPECT_EQ((process)->engine->keeps_files(), (process)->log->files() != nullptr); \
  if ((process)->log->files() == nullptr) GTEST_SKIP() << "not for this engine: files"

TEST_P(LogFiles, AreFoundByTheNextProcess) {
  auto process = start();
  REQUIRE_FILES(process);
  FileStore& files = *process->log->files();
  const std::string large = contents(9u * file_piece_bytes + 17);
  std::vector<FileNumber> numbers;
  std::vector<std::string> all;
  for (const std::string& bytes : {large, std::string("small"), std::string()}) {
    const auto number = put(files, bytes);
    ASSERT_TRUE(number) << number.error().message;
    EXPECT_EQ(*get(files, *number), bytes);
    numbers.push_back(*number);
    all.push_back(bytes);
  }
  kill(process);
  for (std::size_t i = 0; i < numbers.size(); ++i) expect_found(numbers[i], all[i]);
}

TEST_P(LogFiles, AreDroppedUnlessTheyAreKept) {
  auto process = start();
  REQUIRE_FILES(process);
  FileStore& files = *process->log->files();
  std::set<FileNumber> numbers;
  for (const char* bytes : {"one", "two", "three"}) {
    const auto number = put(files, bytes);
    ASSERT_TRUE(number);
    EXPECT_TRUE(numbers.insert(*number).second);
  }
  EXPECT_EQ(*files.list(), numbers);
  const FileNumber kept = *std::next(numbers.begin());
  ASSERT_TRUE(files.keep({kept}));
  EXPECT_EQ(*files.list(), std::set<FileNumber>{kept});
  EXPECT_EQ(*get(files, kept), "two");
  const auto gone = get(files, *numbers.begin());
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, ErrorCode::not_found);
  const auto next = put(files, "four");
  ASSERT_TRUE(next);
  EXPECT_GT(*next, *numbers.rbegin()) << "a number belongs to one file";
  stop(process);
  process = start();
  ASSERT_TRUE(process);
  EXPECT_EQ(*process->log->files()->list(), (std::set<FileNumber>{kept, *next}));
}

TEST_P(LogFiles, ThatWereNotPutToTheirEndAreListedAndDropped) {
  auto process = start();
  REQUIRE_FILES(process);
  FileStore& files = *process->log->files();
  int pieces = 0;
  const std::string piece = contents(file_piece_bytes);
  const auto failed = files.put([&]() -> Result<std::string_view> {
    if (++pieces > 20) return Error{ErrorCode::storage_failed, "cannot be read"};
    return std::string_view(piece);
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message, "cannot be read");
  const auto whole = put(files, "whole");
  ASSERT_TRUE(whole);
  EXPECT_EQ(files.list()->size(), 2u);
  ASSERT_TRUE(files.keep({*whole}));
  EXPECT_EQ(files.list()->size(), 1u);
}

TEST_P(LogFiles, AreNotChangedByAFormerOwner) {
  REQUIRE_FEATURE(fence);
  auto former = start();
  REQUIRE_FILES(former);
  const auto number = put(*former->log->files(), "of both");
  ASSERT_TRUE(number);
  auto owner = start();
  ASSERT_TRUE(owner);
  const auto refused = put(*former->log->files(), "never");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::fenced);
  EXPECT_FALSE(former->log->files()->keep({}));
  EXPECT_EQ(*get(*owner->log->files(), *number), "of both");
  EXPECT_EQ(owner->log->files()->list()->size(), 1u);
  ASSERT_TRUE(former->listener.await_failed());
}

TEST_P(LogFiles, WaitForNoServerThatIsGone) {
  REQUIRE_FEATURE(outage);
  auto process = start();
  REQUIRE_FILES(process);
  FileStore& files = *process->log->files();
  const auto before = put(files, "before");
  ASSERT_TRUE(before);
  fixture_->cut();
  const auto refused = put(files, "during");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::log_unreachable);
  fixture_->mend();
  EXPECT_TRUE(eventually([&] { return put(files, "after").has_value(); }));
  EXPECT_EQ(*get(files, *before), "before");
}

TEST_P(LogFiles, AreOnTheStandbyThatTakesOver) {
  REQUIRE_FEATURE(failover);
  auto process = start();
  REQUIRE_FILES(process);
  const std::string large = contents(3u * file_piece_bytes, 'q');
  const auto number = put(*process->log->files(), large);
  ASSERT_TRUE(number);
  fixture_->fail_over();
  EXPECT_TRUE(eventually([&] { return get(*process->log->files(), *number).has_value(); }));
  EXPECT_EQ(*get(*process->log->files(), *number), large);
  EXPECT_TRUE(eventually([&] { return put(*process->log->files(), "later").has_value(); }));
}

INSTANTIATE_LOG_CONTRACT(LogFiles);

}  // namespace
}  // namespace millrace::logs
