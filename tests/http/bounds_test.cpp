// Promises of what bounds a server: bytes that many holders share, and which connection is closed
// to make room. Pure: no sockets, no clock.
#include <cstdint>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "cluster/http/handler/byte_budget.hpp"
#include "cluster/http/server/activity_order.hpp"
#include "cluster/http/server/file_limit.hpp"

namespace millrace::http {
namespace {

constexpr std::uint64_t mib = 1u << 20;

TEST(ByteBudget, IsNotPassed) {
  ByteBudget budget(16 * mib);
  EXPECT_TRUE(budget.try_take(8 * mib));
  EXPECT_FALSE(budget.try_take(8 * mib)) << "a sixteenth is for small ones";
  EXPECT_TRUE(budget.try_take(7 * mib));
  EXPECT_FALSE(budget.try_take(1 * mib));
  std::uint64_t small = 0;
  while (budget.try_take(ByteBudget::small_bytes)) small += ByteBudget::small_bytes;
  EXPECT_EQ(small, mib);
  EXPECT_EQ(budget.used(), 16 * mib);
  budget.give_back(8 * mib);
  EXPECT_TRUE(budget.try_take(8 * mib - mib));
}

TEST(ByteBudget, LetsOneLargeHolderPassAlone) {
  ByteBudget budget(8 * mib);
  EXPECT_TRUE(budget.try_take(ByteBudget::small_bytes));
  EXPECT_TRUE(budget.try_take(8 * mib)) << "or it would wait for ever";
  EXPECT_FALSE(budget.try_take(ByteBudget::small_bytes + 1));
  budget.give_back(8 * mib);
  EXPECT_TRUE(budget.try_take(8 * mib));
}

TEST(ByteCharge, IsGivenBackOnce) {
  const auto budget = std::make_shared<ByteBudget>(100);
  {
    ByteCharge first;
    ASSERT_TRUE(first.take(budget, 60));
    ByteCharge second;
    EXPECT_FALSE(second.take(budget, 60));
    second = std::move(first);
    EXPECT_EQ(budget->used(), 60u);
    first.release();  // NOLINT(bugprone-use-after-move): empty
    EXPECT_EQ(budget->used(), 60u);
  }
  EXPECT_EQ(budget->used(), 0u);
}

class Order : public testing::Test {
 protected:
  [[nodiscard]] static SteadyTime at(int seconds) {
    return SteadyTime() + std::chrono::seconds(seconds);
  }
  void note(ActivityOrder::Id id, Occupation occupation, int seconds) {
    order_.note(id, occupation, at(seconds), "peer");
  }
  ActivityOrder order_;
};

TEST_F(Order, ClosesWhatWaitsBeforeWhatWorks) {
  note(1, Occupation::working, 0);
  note(2, Occupation::sending, 1);
  note(3, Occupation::reading_body, 1);
  note(4, Occupation::reading_head, 2);
  note(5, Occupation::idle, 3);
  note(6, Occupation::idle, 4);
  note(7, Occupation::lingering, 5);
  for (const ActivityOrder::Id expected : {7u, 5u, 6u, 4u, 3u, 2u}) {
    ASSERT_EQ(order_.longest(at(5)), expected);
    order_.remove(expected);
  }
  EXPECT_EQ(order_.longest(at(1'000)), std::nullopt) << "what is at work is not closed";
}

TEST_F(Order, ClosesWhatIsAtWorkOnlyWithoutProgress) {
  note(1, Occupation::sending, 0);
  note(2, Occupation::sending, 0);
  note(3, Occupation::waiting_for_room, 0);
  EXPECT_EQ(order_.longest(at(0)), std::nullopt);
  note(1, Occupation::sending, 1);
  EXPECT_EQ(order_.longest(at(1)), 2u);
  order_.remove(2);
  EXPECT_EQ(order_.longest(at(1)), 3u);
  EXPECT_EQ(order_.stalled(Occupation::sending, at(1)), std::nullopt);
  EXPECT_EQ(order_.stalled(Occupation::sending, at(2)), 1u);
}

TEST_F(Order, LeavesANewConnectionTimeToSendItsRequest) {
  for (ActivityOrder::Id id = 1; id <= 3; ++id) note(id, Occupation::working, 0);
  note(4, Occupation::idle, 1);
  EXPECT_EQ(order_.longest(at(1)), std::nullopt);
  EXPECT_EQ(order_.longest(at(1) + fresh_time), 4u);
  for (ActivityOrder::Id id = 5; id <= 7; ++id) note(id, Occupation::idle, 1);
  EXPECT_EQ(order_.longest(at(1)), 4u) << "a flood of them";
}

TEST_F(Order, CountsConnectionsOfAPeer) {
  order_.note(1, Occupation::idle, at(0), "a");
  order_.note(2, Occupation::idle, at(1), "b");
  order_.note(3, Occupation::working, at(2), "b");
  order_.note(2, Occupation::idle, at(3));
  EXPECT_EQ(order_.count_of("b"), 2u);
  EXPECT_EQ(order_.longest_of("b", at(4)), 2u);
  order_.remove(2);
  order_.remove(2);
  EXPECT_EQ(order_.count_of("b"), 1u);
  EXPECT_EQ(order_.longest_of("b", at(4)), std::nullopt);
  EXPECT_EQ(order_.count_of("c"), 0u);
  EXPECT_EQ(order_.size(), 2u);
}

TEST(FileLimit, SaysWhatWouldDoForMoreConnectionsThanFiles) {
  const auto allowed = allow_connections(std::uint64_t{1} << 40);
  ASSERT_FALSE(allowed);
  EXPECT_EQ(allowed.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(allowed.error().message.find("http.connections_max"), std::string::npos);
}

TEST(FileLimit, IsRaisedAsFarAsItMay) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  if (before.rlim_max < 600) GTEST_SKIP() << "the hard limit is " << before.rlim_max;
  rlimit low = before;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  EXPECT_TRUE(allow_connections(64));
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(after.rlim_cur, before.rlim_max);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

}  // namespace
}  // namespace millrace::http
