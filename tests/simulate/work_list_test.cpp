// The work list places orders at their due times and polls each one until it has ended.
#include <gtest/gtest.h>

#include "apps/simulate/remote/board.hpp"

namespace millrace::simulate {
namespace {

using Kind = RemoteTask::Kind;

WorkList make(const char* arrival, std::uint64_t orders) {
  return {orders, *orders::Arrival::parse(arrival), 0};
}

TEST(WorkList, AClosedArrivalLimitsOrdersInFlight) {
  WorkList work = make("closed:2", 3);
  EXPECT_EQ(work.take(0)->order, 0U);
  EXPECT_EQ(work.take(0)->order, 1U);
  EXPECT_FALSE(work.take(0));
  work.note_ended();
  EXPECT_EQ(work.take(0)->order, 2U);
  work.note_ended();
  EXPECT_FALSE(work.take(0)) << "all orders are placed";
}

TEST(WorkList, PlacesEachOrderWhenItIsDue) {
  WorkList work = make("steady:10", 3);
  ASSERT_TRUE(work.take(0));
  EXPECT_FALSE(work.take(99'999));
  EXPECT_EQ(work.take(100'000)->order, 1U);
  EXPECT_EQ(work.due_us(1, 150'000), 100'000);
}

TEST(WorkList, PollsAnOpenOrderAtGrowingIntervals) {
  WorkList work = make("closed:1", 1);
  ASSERT_EQ(work.take(0)->kind, Kind::place);
  TimeUs now_us = 0;
  std::uint32_t turn = 0;
  for (const DurationUs span_us :
       {100'000, 200'000, 400'000, 800'000, 1'600'000, 2'000'000, 2'000'000}) {
    work.note_open(0, turn, now_us);
    EXPECT_FALSE(work.take(now_us + span_us - 1));
    now_us += span_us;
    const auto task = work.take(now_us);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->kind, Kind::ask);
    turn = task->turn;
  }
}

TEST(WorkList, PollsAllPlacedOrdersAgainAtTheEnd) {
  WorkList work = make("closed:5", 9);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(work.take(0));
  work.note_open(3, 0, 0);
  work.note_ended();
  work.ask_all_again();
  EXPECT_EQ(work.ended(), 0U);
  for (std::uint64_t order = 0; order < 5; ++order) {
    const auto task = work.take(1);
    ASSERT_TRUE(task);
    EXPECT_EQ(task->kind, Kind::ask);
    EXPECT_EQ(task->order, order);
  }
  EXPECT_FALSE(work.take(10'000'000)) << "neither earlier polls nor new orders";
}

}  // namespace
}  // namespace millrace::simulate
