// Promise: what is remembered of a seat is there at the next start, or the start says why it is not.
#include "cluster/node/remembered_seat.hpp"

#include <fstream>

#include <gtest/gtest.h>

#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::cluster {
namespace {

TEST(RememberedSeat, IsReadBack) {
  const journal::TemporaryDirectory directory;
  const auto path = directory.path() / "a";
  const auto none = remembered_seat(path);
  ASSERT_TRUE(none) << none.error().message;
  EXPECT_EQ(none->epoch, 0U);
  for (const std::uint64_t epoch : {1'700'000'000'000'000U, 1'800'000'000'000'000U}) {
    ASSERT_TRUE(remember_seat(path, {"an-id", 3, epoch}));
    const auto memory = remembered_seat(path);
    ASSERT_TRUE(memory) << memory.error().message;
    EXPECT_EQ(memory->epoch, epoch);
    EXPECT_EQ(memory->number, 3);
    EXPECT_EQ(memory->schema, "an-id");
    EXPECT_EQ(memory->kept_in, (path / "seat").string());
  }
}

TEST(RememberedSeat, IsNotTakenFromADamagedFile) {
  const journal::TemporaryDirectory directory;
  std::ofstream(directory.path() / "seat") << "17 x";
  const auto memory = remembered_seat(directory.path());
  ASSERT_FALSE(memory);
  EXPECT_EQ(memory.error().code, ErrorCode::corrupt);
}

TEST(RememberedSeat, IsKeptOnAFullDisk) {
  journal::FaultyFileSystem files;
  ASSERT_TRUE(remember_seat("/data", {"an-id", 3, 17}, files));
  files.set_capacity(files.used_bytes());
  EXPECT_EQ(remember_seat("/data", {"an-id", 3, 18}, files).error().code, ErrorCode::storage_full);
  EXPECT_EQ(remembered_seat("/data", files)->epoch, 17U) << "a weaker memory, and no false one";
}

}  // namespace
}  // namespace millrace::cluster
