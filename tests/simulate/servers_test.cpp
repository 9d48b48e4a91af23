// Without the server's programs a run says which package has them; of several versions it takes the newest.
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "actors/base/temporary_directory.hpp"
#include "apps/simulate/servers/server_pair.hpp"

namespace millrace::servers {
namespace {

TEST(ServerPrograms, ThatAreMissingAreNamedByTheirPackage) {
  const auto directory = TemporaryDirectory::make("millrace-test-");
  ASSERT_TRUE(directory);
  for (const auto& versions : {directory->path(), directory->path() / "none"}) {
    const auto found = find_programs(versions);
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().code, ErrorCode::not_found);
    EXPECT_NE(found.error().message.find("install the package postgresql"), std::string::npos);
  }
}

TEST(ServerPrograms, AreThoseOfTheNewestVersion) {
  const auto directory = TemporaryDirectory::make("millrace-test-");
  ASSERT_TRUE(directory);
  for (const char* version : {"9", "15", "13"}) {
    const auto bin = directory->path() / version / "bin";
    std::filesystem::create_directories(bin);
    std::ofstream(bin / "postgres").close();
  }
  std::filesystem::create_directories(directory->path() / "17");  // of a client package
  const auto found = find_programs(directory->path());
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, directory->path() / "15/bin");
}

}  // namespace
}  // namespace millrace::servers
