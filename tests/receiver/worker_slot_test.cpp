#include "actors/receiver/worker_slot.hpp"

#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/receiver/leases_of.hpp"

namespace millrace::receivers {
namespace {

using test::ids;
using test::leases_of;
using Ids = std::vector<queues::LeaseId>;

constexpr DurationUs timeout_us = 1'600;

class ManualTime final : public Clock {
 public:
  [[nodiscard]] TimeUs now_us() const override { return at_us; }
  [[nodiscard]] SteadyUs steady_us() const override { return at_us; }
  SteadyUs at_us = 0;
};

class WorkerSlotTest : public ::testing::Test {
 protected:
  [[nodiscard]] CallPolicy policy(std::size_t leases_max) const {
    return {.leases_max = leases_max, .always_alone = false, .timeout_us = timeout_us};
  }
  void start(const CallPolicy& policy, std::vector<WaitingLeases> leases) {
    slot_ = std::make_unique<WorkerSlot>(policy, clock_);
    const auto lock = slot_->lock();
    slot_->add(leases);
  }
  // Begins the next call and returns its leases.
  Ids begin(SteadyUs now_us) {
    const auto lock = slot_->lock();
    before_ = BeforeCall(policy(1));
    Ids out;
    if (!slot_->begin(now_us, before_)) return out;
    for (const HeldLease& lease : slot_->running()) out.push_back(lease.grant().lease);
    return out;
  }
  void finish() {
    const auto lock = slot_->lock();
    slot_->finish();
  }

  ManualTime clock_;
  std::unique_ptr<WorkerSlot> slot_;
  BeforeCall before_{{}};
};

TEST_F(WorkerSlotTest, RunsLeasesInOrder) {
  start(policy(1), leases_of(1, 2, timeout_us));
  EXPECT_EQ(begin(0), Ids{1});
  EXPECT_FALSE(before_.is_alone);
  finish();
  EXPECT_EQ(begin(0), Ids{2});
  finish();
  EXPECT_EQ(begin(0), Ids{});
}

TEST_F(WorkerSlotTest, BatchRunsAllLeases) {
  start(policy(10), leases_of(1, 3, timeout_us));
  EXPECT_EQ(begin(0), (Ids{1, 2, 3}));
}

TEST_F(WorkerSlotTest, ExpiredLeasesDoNotRun) {
  start(policy(1), leases_of(1, 2, 100));
  EXPECT_EQ(begin(101), Ids{});
  ASSERT_EQ(before_.expired.size(), 2u);
  EXPECT_EQ(before_.expired.front().grant().lease, 1u);
}

TEST_F(WorkerSlotTest, LeaseThatHasWaitedLongIsExtended) {
  start(policy(1), leases_of(1, 1, 100));
  EXPECT_EQ(begin(50), Ids{1});
  EXPECT_EQ(slot_->running().front().lease_until_us(), 50 + timeout_us);
}

TEST_F(WorkerSlotTest, SlowCallLeavesTheNextLeasesToOthers) {
  start(policy(1), leases_of(1, 5, timeout_us));
  EXPECT_EQ(begin(0), Ids{1});
  finish();
  EXPECT_EQ(begin(10), Ids{2});
  EXPECT_FALSE(slot_->take_if_slow(9, 30));
  const auto slow = slot_->take_if_slow(10, 30);
  ASSERT_TRUE(slow);
  EXPECT_EQ(ids(slow->ahead), (Ids{3, 4, 5}));
  EXPECT_EQ(slow->runs_for_us, 20);
  ASSERT_TRUE(slow->untold);
  EXPECT_EQ(slow->untold->grant->lease, 2u);
  // The queue is told once.
  EXPECT_FALSE(slot_->take_if_slow(10, 50)->untold);
  finish();
  EXPECT_EQ(begin(60), Ids{});
}

TEST_F(WorkerSlotTest, EndOfASliceLeavesTheNextLeasesToOthers) {
  start(policy(1), leases_of(1, 5, timeout_us));
  EXPECT_EQ(begin(0), Ids{1});
  finish();
  {
    const auto lock = slot_->lock();
    EXPECT_EQ(ids(slot_->take_ahead()), (Ids{2, 3, 4, 5}));
  }
  EXPECT_EQ(begin(10), Ids{});
}

TEST_F(WorkerSlotTest, SuspectIsAnnounced) {
  start(policy(1), leases_of(1, 1, timeout_us, {1}));
  EXPECT_EQ(begin(0), Ids{1});
  EXPECT_TRUE(before_.is_alone);
  EXPECT_FALSE(slot_->take_if_slow(0, 0)->untold);
}

TEST_F(WorkerSlotTest, WorkerThatEndsLosesTheLeasesOfItsCallOnly) {
  start(policy(1), leases_of(1, 3, timeout_us));
  EXPECT_EQ(begin(0), Ids{1});
  WorkerSlot::Left left = slot_->take_all();
  ASSERT_EQ(left.lost.size(), 1u);
  EXPECT_EQ(left.lost.front().grant->lease, 1u);
  EXPECT_EQ(ids(left.ahead), (Ids{2, 3}));
}

TEST_F(WorkerSlotTest, CallBeyondItsLeaseIsGivenUpOnce) {
  start(policy(1), leases_of(1, 1, timeout_us));
  EXPECT_EQ(begin(0), Ids{1});
  EXPECT_FALSE(slot_->overrun(timeout_us));
  EXPECT_FALSE(slot_->give_up(timeout_us));
  ASSERT_TRUE(slot_->overrun(timeout_us + 1));
  EXPECT_FALSE(slot_->overrun(timeout_us + 2)->is_first);
  EXPECT_TRUE(slot_->give_up(timeout_us + 2));
  EXPECT_FALSE(slot_->overrun(timeout_us + 3));
  const auto lock = slot_->lock();
  EXPECT_TRUE(slot_->is_given_up());
}

}  // namespace
}  // namespace millrace::receivers
