// Without the server's programs a run says which package has them; of several versions it takes the newest.
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <poll.h>

#include "actors/base/temporary_directory.hpp"
#include "apps/simulate/servers/child_process.hpp"
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

// What it has started would write into directories that are being removed.
TEST(ServerPrograms, EndWithWhatTheyHaveStarted) {
  const auto directory = TemporaryDirectory::make("millrace-test-");
  ASSERT_TRUE(directory);
  // As root, the program runs as another user.
  std::filesystem::permissions(directory->path(), std::filesystem::perms::all);
  const auto file = directory->path() / "pid";
  const auto pid_in_file = [&] {
    pid_t pid = 0;
    std::ifstream(file) >> pid;
    return pid;
  };
  const auto await = [](const auto& condition) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!condition() && std::chrono::steady_clock::now() < end) poll(nullptr, 0, 5);
    return condition();
  };
  {
    const auto process =
        ChildProcess::start({"/bin/sh", "-c",
                             "sleep 1000 & echo $! > " + file.string() + ".new; mv " +
                                 file.string() + ".new " + file.string() + "; wait"},
                            directory->path() / "log");
    if (!process && process.error().code == ErrorCode::not_found) GTEST_SKIP() << "no user";
    ASSERT_TRUE(process) << process.error().message;
    ASSERT_TRUE(await([&] { return pid_in_file() > 0; }));
    ASSERT_EQ(kill(pid_in_file(), 0), 0);
  }
  // Nobody may reap it, as in a container: then it stays as a zombie.
  const auto has_ended = [&] {
    std::string stat;
    std::getline(std::ifstream("/proc/" + std::to_string(pid_in_file()) + "/stat"), stat);
    const std::size_t at = stat.rfind(')');
    return at == std::string::npos || stat.substr(at, 3) == ") Z";
  };
  EXPECT_TRUE(await(has_ended));
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
