// Promise: tasks of a keeper run one after the other; a full disk delays them, and any other failure is
// told once and ends them. Checked with tasks that fail.
#include "actors/state_store/state_keeper.hpp"

#include <gtest/gtest.h>

#include "actors/state_store/memory_table.hpp"

namespace millrace::states {
namespace {

class AKeeper : public ::testing::Test {
 protected:
  StateStore store_{std::make_unique<MemoryTable>(std::make_shared<MemoryDisk>())};
  std::vector<std::string> failures_;
  StateKeeper keeper_{store_, [this](const Error& error) {
                        failures_.push_back(error.message);
                      }};
};

TEST_F(AKeeper, RunsTasksInOrder) {
  std::string ran;
  for (const char name : std::string("abc")) {
    keeper_.post([&ran, name](StateStore&) {
      ran += name;
      return Result<void>();
    });
  }
  EXPECT_TRUE(keeper_.wait());
  EXPECT_EQ(ran, "abc");
}

TEST_F(AKeeper, TriesAgainWhileTheDiskIsFull) {
  int tries = 0;
  keeper_.post([&](StateStore&) -> Result<void> {
    if (++tries < 3) return Error{ErrorCode::storage_full, "full"};
    return {};
  });
  EXPECT_TRUE(keeper_.wait());
  EXPECT_EQ(tries, 3);
  EXPECT_TRUE(failures_.empty());
  EXPECT_FALSE(keeper_.waits_for_room());
}

TEST_F(AKeeper, TellsAFailureOnceAndEnds) {
  keeper_.post([](StateStore&) -> Result<void> { return Error{ErrorCode::corrupt, "damaged"}; });
  bool has_run = false;
  keeper_.post([&](StateStore&) -> Result<void> {
    has_run = true;
    return Error{ErrorCode::corrupt, "another"};
  });
  EXPECT_FALSE(keeper_.wait());
  EXPECT_FALSE(has_run);
  EXPECT_EQ(failures_, std::vector<std::string>{"damaged"});
}

TEST(AKeeperThatEnds, DropsWhatAFullDiskKeepsBack) {
  StateStore store{std::make_unique<MemoryTable>(std::make_shared<MemoryDisk>())};
  bool has_run = false;
  {
    StateKeeper keeper(store, [](const Error&) { FAIL(); });
    keeper.post([](StateStore&) -> Result<void> { return Error{ErrorCode::storage_full, "full"}; });
    keeper.post([&](StateStore&) {
      has_run = true;
      return Result<void>();
    });
  }
  EXPECT_FALSE(has_run);
}

}  // namespace
}  // namespace millrace::states
