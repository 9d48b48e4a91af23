// Promise: a process is said to have ended only if it ran on this machine and is gone.
#include "cluster/node/process_identity.hpp"

#include <array>
#include <cstddef>
#include <string>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::cluster {
namespace {

TEST(ProcessIdentity, OfThisProcessHasNotEnded) {
  const std::string own = own_process();
  ASSERT_FALSE(own.empty());
  EXPECT_EQ(own_process(), own);
  EXPECT_FALSE(has_ended(own));
}

TEST(ProcessIdentity, OfAnEndedProcessHasEndedBeforeItsParentHasLooked) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string own = own_process();
    const ssize_t written = ::write(pipe[1], own.data(), own.size());
    ::_exit(written == static_cast<ssize_t>(own.size()) ? 0 : 1);
  }
  ::close(pipe[1]);
  std::array<char, 256> text{};
  const ssize_t size = ::read(pipe[0], text.data(), text.size());
  ASSERT_GT(size, 0);
  const std::string identity(text.data(), static_cast<std::size_t>(size));
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  EXPECT_TRUE(has_ended(identity)) << identity;
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(has_ended(identity));
  ::close(pipe[0]);
}

TEST(ProcessIdentity, OfAnotherProcessWithItsPidHasEnded) {
  std::string earlier = own_process();
  earlier.back() = earlier.back() == '1' ? '2' : '1';
  EXPECT_TRUE(has_ended(earlier));
}

TEST(ProcessIdentity, OfAProcessElsewhereIsUnknown) {
  const std::string own = own_process();
  EXPECT_FALSE(has_ended("another-boot" + own.substr(own.find('/'))));
  const std::size_t space = own.find('/') + 1;
  EXPECT_FALSE(has_ended(own.substr(0, space) + "pid:[1]" + own.substr(own.find('/', space))));
  for (const char* text : {"", "one", "a/b/c", "a/b/c/d", "a/b/1/2/3", "///"}) {
    EXPECT_FALSE(has_ended(text)) << text;
  }
}

}  // namespace
}  // namespace millrace::cluster
