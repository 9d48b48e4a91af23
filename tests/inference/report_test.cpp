// The report: counts and shares of each run and tenant, and a histogram of the batch sizes.
#include "apps/inference/report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace millrace::inference {
namespace {

using ::testing::HasSubstr;

NamedRun run_of(std::uint64_t asked, std::uint64_t in_time, std::uint64_t refused) {
  NamedRun run{.name = "a run", .figures = {}};
  CallerFigures figures;
  figures.asked = asked;
  figures.in_time = in_time;
  figures.turned_away = 1;
  figures.by_verdict[ANSWERED] = in_time;
  figures.by_verdict[REFUSED] = refused - 1;
  figures.waited.record(7'000);
  run.figures.tenants = {figures};
  run.figures.seconds = 2;
  run.figures.batches_by_size = {0, 4, 1, 1};
  return run;
}

const std::vector<Tenant> tenants = {default_tenants().at(1)};

TEST(InferenceReport, ShowsTheRunsSideBySide) {
  const std::string text = report_text(tenants, {run_of(200, 50, 20), run_of(200, 100, 2)});
  EXPECT_THAT(text, HasSubstr("25.0                  50.0\n"));
  EXPECT_THAT(text, HasSubstr("50 (25.0 %)          100 (50.0 %)\n"));
  EXPECT_THAT(text, HasSubstr("20 (10.0 %)             2 (1.0 %)\n"));
  EXPECT_THAT(text, HasSubstr("7 ms"));
}

TEST(InferenceReport, ShowsEachTenantAndTheBatchSizes) {
  const std::string text = report_text(tenants, {run_of(200, 50, 20)});
  EXPECT_THAT(text, HasSubstr("  chat          5  1000 ms    200        50       20"));
  EXPECT_THAT(text,
              HasSubstr("  1                   4  ########################################\n"));
  EXPECT_THAT(text, HasSubstr("  2-3                 2  ####################\n"));
}

TEST(InferenceReport, AcceptsARunWithoutRequests) {
  NamedRun run{.name = "nothing", .figures = {}};
  run.figures.tenants.resize(1);
  EXPECT_THAT(report_text(tenants, {run}), HasSubstr("0 (0.0 %)"));
}

TEST(ScenarioFigures, AddUpTenantsAndBatches) {
  ScenarioFigures figures = run_of(10, 5, 3).figures;
  figures.tenants.push_back(figures.tenants[0]);
  EXPECT_EQ(figures.all().asked, 20u);
  EXPECT_EQ(figures.all().waited.count(), 2u);
  EXPECT_DOUBLE_EQ(figures.answered_per_s(), 5.0);
  EXPECT_DOUBLE_EQ(figures.mean_batch(), 9.0 / 6.0);
}

}  // namespace
}  // namespace millrace::inference
