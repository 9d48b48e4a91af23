#include "actors/receiver/lease_pool.hpp"

#include <chrono>
#include <vector>

#include <gtest/gtest.h>

#include "tests/receiver/leases_of.hpp"

namespace millrace::receivers {
namespace {

using test::ids;
using test::leases_of;
using Ids = std::vector<queues::LeaseId>;
using Workers = std::vector<WorkerId>;

std::vector<WaitingLeases> take(LeasePool& pool, WorkerId worker, CallTimes spent = {}) {
  std::vector<WaitingLeases> taken;
  pool.take(worker, 0, {}, spent, taken);
  return taken;
}

TEST(LeasePool, WorkerTakesOneLeaseUntilTheTimeOfACallIsKnown) {
  LeasePool pool({.takes_ahead = true});
  EXPECT_TRUE(pool.add(leases_of(1, 100), 0).empty());
  EXPECT_EQ(ids(take(pool, 1)), Ids{1});
  EXPECT_EQ(ids(take(pool, 2)), Ids{2});
  EXPECT_EQ(pool.waiting(), 98u);
}

TEST(LeasePool, WorkerTakesWhatItRunsInAMillisecond) {
  LeasePool pool({.takes_ahead = true});
  EXPECT_TRUE(pool.add(leases_of(1, 1'000), 0).empty());
  EXPECT_EQ(ids(take(pool, 1, {.calls = 10, .time_us = 1'000})).size(), 10u);
  // A mean: three quarters of 100 us, and a quarter of 900 us.
  EXPECT_EQ(ids(take(pool, 1, {.calls = 1, .time_us = 900})).size(), 3u);
  EXPECT_EQ(ids(take(pool, 1, {.calls = 1, .time_us = 1'000'000'000})).size(), 1u);
}

TEST(LeasePool, WhatAWorkerTakesIsBounded) {
  LeasePool pool({.takes_ahead = true});
  EXPECT_TRUE(pool.add(leases_of(1, 1'000), 0).empty());
  EXPECT_EQ(ids(take(pool, 1, {.calls = 100, .time_us = 0})).size(), LeasePool::ahead_max);
}

TEST(LeasePool, WorkerOfABlockingStageTakesOneLease) {
  LeasePool pool({});
  EXPECT_TRUE(pool.add(leases_of(1, 10), 0).empty());
  EXPECT_EQ(ids(take(pool, 1, {.calls = 10, .time_us = 10})), Ids{1});
}

TEST(LeasePool, SuspectIsTakenAlone) {
  LeasePool pool({.takes_ahead = true});
  EXPECT_TRUE(pool.add(leases_of(1, 6, 1'000'000, {3}), 0).empty());
  EXPECT_EQ(ids(take(pool, 1, {.calls = 1, .time_us = 1})), (Ids{1, 2}));
  EXPECT_EQ(ids(take(pool, 1)), Ids{3});
  EXPECT_EQ(ids(take(pool, 1)), (Ids{4, 5, 6}));
}

TEST(LeasePool, BatchIsFilledFromSeveralGrantsButHasNoSuspect) {
  LeasePool pool({.batch = BatchOptions{.max = 4, .window = std::chrono::microseconds(0)}});
  EXPECT_TRUE(pool.add(leases_of(1, 3), 0).empty());
  EXPECT_TRUE(pool.add(leases_of(11, 4, 1'000'000, {13}), 0).empty());
  EXPECT_EQ(ids(take(pool, 1)), (Ids{1, 2, 3, 11}));
  EXPECT_EQ(ids(take(pool, 1)), Ids{12});
  EXPECT_EQ(ids(take(pool, 1)), Ids{13});
  EXPECT_EQ(ids(take(pool, 1)), Ids{14});
}

TEST(LeasePool, LeasesThatAreGivenBackComeFirstInTheirOrder) {
  LeasePool pool({.takes_ahead = true});
  EXPECT_TRUE(pool.add(leases_of(1, 10), 0).empty());
  std::vector<WaitingLeases> taken = take(pool, 1, {.calls = 1, .time_us = 200});
  EXPECT_EQ(ids(taken), (Ids{1, 2, 3, 4, 5}));
  EXPECT_EQ(ids({taken.front().take_front(1)}), Ids{1});
  pool.give_back(std::move(taken));
  EXPECT_EQ(pool.waiting(), 9u);
  EXPECT_EQ(ids(take(pool, 2)), (Ids{2, 3, 4, 5}));
  EXPECT_EQ(ids(take(pool, 2)), (Ids{6, 7, 8, 9, 10}));
}

TEST(LeasePool, AsManyWorkersAreWokenAsWillTake) {
  LeasePool pool({.takes_ahead = true});
  for (const WorkerId worker : {1, 2, 3, 4}) EXPECT_TRUE(take(pool, worker).empty());
  EXPECT_EQ(pool.idle(), 4u);
  EXPECT_EQ(pool.add(leases_of(1, 2), 0), (Workers{3, 4}));  // each takes one
  (void)take(pool, 3);
  (void)take(pool, 4);
  EXPECT_TRUE(take(pool, 3, {.calls = 1, .time_us = 100}).empty());
  EXPECT_TRUE(take(pool, 4).empty());
  EXPECT_EQ(pool.add(leases_of(11, 20), 0).size(), 2u);  // each takes ten
  EXPECT_EQ(pool.idle(), 2u);
}

TEST(LeasePool, SlowCallLetsAllIdleWorkersTakeOneLeaseEach) {
  LeasePool pool({.takes_ahead = true});
  EXPECT_TRUE(pool.add(leases_of(1, 10), 0).empty());
  std::vector<WaitingLeases> taken = take(pool, 1, {.calls = 1, .time_us = 1});
  EXPECT_EQ(ids(taken).size(), 10u);
  for (const WorkerId worker : {2, 3, 4}) EXPECT_TRUE(take(pool, worker).empty());
  pool.note_slow(20'000);
  pool.give_back(std::move(taken));
  EXPECT_EQ(pool.wake(0).size(), 3u);
  EXPECT_EQ(ids(take(pool, 2)), Ids{1});
  EXPECT_EQ(ids(take(pool, 3)), Ids{2});
}

}  // namespace
}  // namespace millrace::receivers
