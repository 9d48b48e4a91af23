// The whole workflow with many seeds: under any fault that the runtime allows, the audit finds no
// violation, and each final status occurs. Rerun one seed with --gtest_filter=*/<seed - 1>.
#include <set>

#include <gtest/gtest.h>

#include "tests/orders/workflow_run.hpp"

namespace millrace::orders {
namespace {

using testing::run_workflow;
using testing::WorkflowOptions;
using testing::WorkflowRun;

void expect_clean(const audit::AuditReport& report, const WorkflowOptions& options) {
  for (const auto& invariant : report.invariants) {
    EXPECT_TRUE(invariant.held) << invariant.name << ", seed " << options.seed << ", "
                                << invariant.violations
                                << " violations: " << invariant.first_violation;
  }
  EXPECT_EQ(report.accounted, options.orders);
  EXPECT_EQ(report.lost, 0u);
  EXPECT_EQ(report.unexpected, 0u);
  EXPECT_EQ(report.duplicated_effects, 0u);
  EXPECT_EQ(report.order_violations, 0u);
  EXPECT_GT(report.recovered, 0u) << "some offers were never confirmed";
}

class Workflow : public ::testing::TestWithParam<std::uint64_t> {};

TEST_P(Workflow, CalmRunsPass) {
  const WorkflowOptions options{.seed = GetParam(), .gateway_faults = 0};
  const WorkflowRun run = run_workflow(options);
  const auto report = run.audit();
  expect_clean(report, options);
  EXPECT_EQ(run.dead_letters, 0u);
  EXPECT_GT(report.states.at("SHIPPED"), options.orders / 2);
  EXPECT_EQ(report.states.count("PAUSED"), 0u);
}

TEST_P(Workflow, RunsWithCrashesStallsDeadLettersAndABadGatewayPass) {
  const WorkflowOptions options{.seed = GetParam(),
                                .gateway_faults = 0.2,
                                .mischief = {.crash = 0.05, .stall = 0.01, .kill = 0.03}};
  const WorkflowRun run = run_workflow(options);
  expect_clean(run.audit(), options);
  EXPECT_GT(run.dead_letters, 0u);
}

INSTANTIATE_TEST_SUITE_P(Seeds, Workflow, ::testing::Range<std::uint64_t>(1, 21));

TEST(WorkflowMix, EveryFinalStatusOccurs) {
  std::set<std::string> reached;
  for (std::uint64_t seed = 100; seed < 103; ++seed) {
    const auto report = run_workflow({.seed = seed,
                                      .orders = 1'500,
                                      .gateway_faults = 0.2,
                                      .mischief = {.crash = 0.02, .stall = 0.02, .kill = 0.1}})
                            .audit();
    for (const auto& [status, count] : report.states) reached.insert(status);
  }
  EXPECT_EQ(reached, (std::set<std::string>{"SHIPPED", "REJECTED", "OUT_OF_STOCK", "PAYMENT_FAILED",
                                            "CANCELLED", "PAUSED"}));
}

TEST(WorkflowMix, TheSameSeedGivesTheSameRun) {
  const WorkflowOptions options{.seed = 7, .orders = 100, .mischief = {.crash = 0.1}};
  const WorkflowRun one = run_workflow(options);
  const WorkflowRun two = run_workflow(options);
  EXPECT_EQ(one.audit().states, two.audit().states);
}

}  // namespace
}  // namespace millrace::orders
