// Promise: a process that waits for a seat learns within half a second that a holder has died, and never
// takes a holder that is paused, cut off, or closes links for dead. Checked with child processes and sockets.
#include "cluster/transport/net/holder_links.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cluster/transport/net/socket.hpp"
#include "tests/transport/child_node.hpp"
#include "tests/transport/test_certificates.hpp"

namespace millrace::transport {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Longer than a death takes to be noticed.
constexpr milliseconds quiet{700};

class HolderLinksTest : public ::testing::TestWithParam<bool> {
 protected:
  HolderLinksTest() {
    auto made = quick_options("b", "a");
    made.own.incarnation = 5;
    if (GetParam()) made.tls = authority_.issue("b");
    child_ = std::make_unique<ChildNode>(made);
  }
  std::unique_ptr<HolderLinks> watch(const std::string& certified, const std::string& node = "b",
                                     std::uint64_t incarnation = 5,
                                     const std::string& cluster = "test") {
    HolderLinks::Options options{cluster, 1, {}};
    if (GetParam()) options.tls = authority_.issue(certified);
    auto links = HolderLinks::start(options);
    EXPECT_TRUE(links);
    (*links)->set_holders({{"process 1", node, incarnation, {"127.0.0.1", child_->port()}}});
    return *std::move(links);
  }
  static bool dies_within(const HolderLinks& links, milliseconds limit) {
    return eventually([&] { return links.has_died("process 1"); }, limit);
  }

  TestAuthority authority_;
  std::unique_ptr<ChildNode> child_;
};

INSTANTIATE_TEST_SUITE_P(Security, HolderLinksTest, ::testing::Bool(),
                         [](const auto& which) { return which.param ? "Tls" : "Plain"; });

TEST_P(HolderLinksTest, ADeathIsNoticed) {
  const auto links = watch("b");
  ASSERT_TRUE(eventually([&] { return links->is_linked("process 1"); }));
  EXPECT_FALSE(dies_within(*links, quiet));
  const auto killed = Clock::now();
  child_->signal(SIGKILL);
  ASSERT_TRUE(dies_within(*links, std::chrono::seconds(10)));
  const auto noticed = std::chrono::duration_cast<milliseconds>(Clock::now() - killed);
  std::cout << "noticed after " << noticed.count() << " ms\n";
  EXPECT_LT(noticed, milliseconds(3'000));  // much more than on an idle machine
  EXPECT_FALSE(links->has_died("process 2"));
  links->set_holders({});
  EXPECT_FALSE(links->has_died("process 1")) << "it holds no seat";
}

TEST_P(HolderLinksTest, APausedProcessIsNotDead) {
  const auto links = watch("b");
  ASSERT_TRUE(eventually([&] { return links->is_linked("process 1"); }));
  child_->signal(SIGSTOP);
  EXPECT_FALSE(dies_within(*links, quiet));
}

TEST_P(HolderLinksTest, AProcessThatWasNeverReachedIsNotDead) {
  child_.reset();
  const Result<Listening> listening = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(listening);
  HolderLinks::Options options{"test", 1, {}};
  if (GetParam()) options.tls = authority_.issue("b");
  const auto links = HolderLinks::start(options);
  ASSERT_TRUE(links);
  (*links)->set_holders({{"process 1", "b", 5, {"127.0.0.1", listening->port}}});
  ::close(listening->fd);  // refuses from now on
  EXPECT_FALSE(dies_within(**links, quiet));
}

TEST_P(HolderLinksTest, OnlyTheHolderIsLinked) {
  // Another node, another start of it, another cluster.
  for (const auto& links : {watch("b", "c"), watch("b", "b", 6), watch("b", "b", 5, "other")}) {
    EXPECT_FALSE(eventually([&] { return links->is_linked("process 1"); }, milliseconds(300)));
  }
  if (!GetParam()) return;
  // A certificate that does not name the node whose place would be taken.
  const auto links = watch("c");
  EXPECT_FALSE(eventually([&] { return links->is_linked("process 1"); }, milliseconds(300)));
}

TEST(HolderLinks, ACutLinkIsNotADeath) {
  // A proxy that ends links, and still accepts new ones.
  const Result<Listening> listening = listen_on({"127.0.0.1", 0});
  ASSERT_TRUE(listening);
  const auto links = HolderLinks::start({"test", 1, {}});
  ASSERT_TRUE(links);
  (*links)->set_holders({{"process 1", "b", 5, {"127.0.0.1", listening->port}}});
  int accepted = 0;
  ASSERT_TRUE(eventually([&] {
    const int fd = ::accept4(listening->fd, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0) {
      ++accepted;
      ::close(fd);
    }
    return accepted >= 5;
  }));
  EXPECT_FALSE((*links)->has_died("process 1"));
  ::close(listening->fd);
}

}  // namespace
}  // namespace millrace::transport
