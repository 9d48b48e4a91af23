// Short runs on a real node: each request ends in exactly one answer, refusal or expiry.
#include "apps/inference/scenario.hpp"

#include <gtest/gtest.h>

#include "tests/journal/temporary_directory.hpp"

namespace millrace::inference {
namespace {

using namespace std::chrono_literals;

class Scenario : public ::testing::Test {
 public:
  Scenario() {
    options_.data_dir = directory_.path() / "data";
    options_.duration = 400ms;
    options_.tenants = {
        {.name = "one", .share = 0.5, .priority = 8, .deadline = 2'000ms},
        {.name = "two", .share = 0.5, .priority = 2, .deadline = 2'000ms},
    };
    options_.batch = {.max = 8, .window = 5ms};
  }

  ScenarioFigures run() {
    auto figures = run_scenario(options_);
    if (!figures) {
      ADD_FAILURE() << figures.error().message;
      return {};
    }
    expect_one_answer_each(*figures);
    return std::move(*figures);
  }

  static void expect_one_answer_each(const ScenarioFigures& figures) {
    EXPECT_EQ(figures.unanswered, 0u);
    EXPECT_EQ(figures.mismatched, 0u);
    for (const CallerFigures& tenant : figures.tenants) {
      EXPECT_GT(tenant.asked, 0u);
      std::uint64_t heard = tenant.turned_away;
      for (const std::uint64_t count : tenant.by_verdict) heard += count;
      EXPECT_EQ(heard, tenant.asked);
      EXPECT_EQ(tenant.count(UNKNOWN), 0u);
    }
  }

  journal::TemporaryDirectory directory_;
  ScenarioOptions options_;
};

TEST_F(Scenario, AnswersEveryRequestWhenThereIsTime) {
  options_.model.cost = {.fixed = 0us, .per_item = 0us};
  options_.model.out_of_memory_one_in = 5;
  options_.tenants[0].deadline = options_.tenants[1].deadline = 60s;
  const ScenarioFigures figures = run();
  const CallerFigures all = figures.all();
  EXPECT_EQ(all.count(ANSWERED) + all.count(REJECTED), all.asked);
  EXPECT_GT(all.count(ANSWERED), 0u);
  EXPECT_LE(figures.batches_by_size.size(), 9u) << "no batch exceeds its limit";
}

TEST_F(Scenario, RefusesEarlyWhenOverloaded) {
  options_.model.cost = {.fixed = 300ms, .per_item = 0us};
  options_.batch = {.max = 1};
  const CallerFigures all = run().all();
  // At most seven batches fit in the longest deadline; requests admitted beyond them expire.
  EXPECT_GT(all.count(REFUSED), all.asked / 2);
  EXPECT_GT(all.count(ANSWERED), 0u);
}

TEST_F(Scenario, KeepsItsBacklogLimit) {
  options_.model.cost = {.fixed = 50ms, .per_item = 0us};
  options_.tenants[0].deadline = options_.tenants[1].deadline = 60s;
  options_.pending_max = 3;
  EXPECT_GT(run().all().count(REFUSED), 0u);
}

TEST_F(Scenario, RefusesAnExistingDirectory) {
  options_.data_dir = directory_.path();
  const auto figures = run_scenario(options_);
  ASSERT_FALSE(figures);
  EXPECT_EQ(figures.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace millrace::inference
