// Promise: the scheduler options of a node reach the actor framework. Checked on its configuration.
#include <caf/all.hpp>
#include <caf/policy/work_sharing.hpp>
#include <caf/policy/work_stealing.hpp>
#include <caf/scheduler/coordinator.hpp>
#include <gtest/gtest.h>

#include "actors/runtime/shell/actor_system_config.hpp"

namespace millrace {
namespace {

using Sharing = caf::scheduler::coordinator<caf::policy::work_sharing>;
using Stealing = caf::scheduler::coordinator<caf::policy::work_stealing>;

TEST(Scheduler, HasTheConfiguredPolicyAndLimits) {
  ActorConfig config(RuntimeOptions{
      .data_dir = {}, .threads = 3, .scheduler = SchedulerPolicy::stealing, .turn_messages = 17});
  caf::actor_system system(config);
  EXPECT_NE(dynamic_cast<Stealing*>(&system.scheduler()), nullptr);
  EXPECT_EQ(system.scheduler().num_workers(), 3U);
  EXPECT_EQ(system.scheduler().max_throughput(), 17U);
}

TEST(Scheduler, SharesWithoutALimitByDefault) {
  ActorConfig config(RuntimeOptions{});
  caf::actor_system system(config);
  EXPECT_NE(dynamic_cast<Sharing*>(&system.scheduler()), nullptr);
  EXPECT_GE(system.scheduler().num_workers(), 2U);
  EXPECT_EQ(system.scheduler().max_throughput(), caf::defaults::scheduler::max_throughput);
}

}  // namespace
}  // namespace millrace
