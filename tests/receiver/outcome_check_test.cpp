#include "actors/receiver/external/outcome_check.hpp"

#include <gtest/gtest.h>

#include "actors/receiver/stage_run.hpp"
#include "actors/stage/outcome_limits.hpp"

namespace millrace::receivers {
namespace {

using Kind = StageResult::Kind;

class OutcomeCheck : public ::testing::Test {
 protected:
  // A run of messages of one key, with results of these kinds.
  StageRun run_of(const std::string& key, const std::vector<Kind>& kinds) {
    grant_ = {};
    for (std::size_t i = 0; i < kinds.size(); ++i) {
      auto envelope = std::make_shared<pb::Envelope>();
      envelope->set_key(key);
      grant_.messages.push_back({.sequence = i + 1, .body = queues::Body(std::move(envelope))});
    }
    StageRun run;
    fill_run(run, grant_, stage_, {}, 0, nullptr);
    for (const Kind kind : kinds) run.results.push_back({.kind = kind});
    return run;
  }

  const std::string stage_ = "stage";
  queues::Grant grant_;
};

TEST_F(OutcomeCheck, NothingRunsBehindAMessageThatIsNotDone) {
  EXPECT_TRUE(fits_lease(run_of("k", {Kind::acked, Kind::rejected, Kind::acked}), true));
  EXPECT_TRUE(fits_lease(run_of("k", {Kind::acked, Kind::retry, Kind::not_run}), true));
  EXPECT_TRUE(fits_lease(run_of("k", {Kind::not_run, Kind::not_run}), true));
  EXPECT_FALSE(fits_lease(run_of("k", {Kind::retry, Kind::acked}), true));
  EXPECT_FALSE(fits_lease(run_of("k", {Kind::retry, Kind::retry}), true));
  EXPECT_FALSE(fits_lease(run_of("k", {Kind::not_run, Kind::acked}), true));
}

TEST_F(OutcomeCheck, ThereIsAResultForEachMessage) {
  StageRun run = run_of("k", {Kind::acked, Kind::acked});
  run.results.pop_back();
  EXPECT_FALSE(fits_lease(run, true));
}

TEST_F(OutcomeCheck, AStateNeedsAKeyAndAMessageThatIsDone) {
  const auto with_state = [&](const std::string& key, Kind kind, bool keeps) {
    StageRun run = run_of(key, {kind});
    run.next_state = "{}";
    return fits_lease(run, keeps);
  };
  EXPECT_TRUE(with_state("k", Kind::acked, true));
  EXPECT_FALSE(with_state("k", Kind::acked, false));
  EXPECT_FALSE(with_state("", Kind::acked, true));
  EXPECT_FALSE(with_state("k", Kind::retry, true));
  EXPECT_FALSE(with_state("k", Kind::rejected, true));
}

TEST_F(OutcomeCheck, TimersNeedAKey) {
  const auto with_timer = [&](const std::string& key, bool sets, bool keeps) {
    StageRun run = run_of(key, {Kind::acked, Kind::retry});
    if (sets) {
      run.results[0].timers_set.push_back({.name = "t", .payload = ""});
    } else {
      run.results[0].timers_cleared.push_back("t");
    }
    return fits_lease(run, keeps);
  };
  for (const bool sets : {true, false}) {
    EXPECT_TRUE(with_timer("k", sets, true));
    EXPECT_FALSE(with_timer("", sets, true));
    EXPECT_FALSE(with_timer("k", sets, false));
  }
}

TEST_F(OutcomeCheck, AMessageWithTooLargeOutputsTakesThoseOfItsLeaseAndTheStateWithIt) {
  StageRun run = run_of("k", {Kind::acked, Kind::acked, Kind::acked});
  run.next_state = "{}";
  run.results[1].outputs.push_back({.payload = std::string(message_bytes_max + 1, 'x')});
  limit_run(run);
  EXPECT_EQ(run.results[0].kind, Kind::failed);
  EXPECT_EQ(run.results[1].kind, Kind::not_run);
  EXPECT_EQ(run.results[2].kind, Kind::not_run);
  EXPECT_FALSE(run.next_state);
  EXPECT_TRUE(fits_lease(run, true));
}

TEST_F(OutcomeCheck, OutcomesOfALeaseFitIntoARecordTogether) {
  StageRun run = run_of(std::string(60'000, 'k'), {Kind::acked, Kind::acked, Kind::acked});
  for (StageResult& result : run.results) {
    for (int i = 0; i < 130; ++i) result.outputs.push_back({.payload = "0"});
  }
  run.state_erased = true;
  limit_run(run);
  EXPECT_EQ(run.results[0].kind, Kind::failed);
  EXPECT_NE(run.results[0].reason.find("expected at most"), std::string::npos);
  EXPECT_EQ(run.results[1].kind, Kind::not_run);
  EXPECT_FALSE(run.state_erased);
}

TEST_F(OutcomeCheck, ATooLargeStateFailsItsMessages) {
  StageRun run = run_of("k", {Kind::acked});
  run.next_state = std::string(state_bytes_max + 1, 'x');
  limit_run(run);
  EXPECT_EQ(run.results[0].kind, Kind::failed);
  EXPECT_FALSE(run.next_state);
}

TEST_F(OutcomeCheck, WhatFitsIsLeftAsItIs) {
  StageRun run = run_of("k", {Kind::acked, Kind::retry});
  run.next_state = "{}";
  run.results[0].outputs.push_back({.payload = "0"});
  limit_run(run);
  EXPECT_EQ(run.results[0].kind, Kind::acked);
  EXPECT_EQ(run.results[0].outputs.size(), 1u);
  EXPECT_EQ(run.results[1].kind, Kind::retry);
  EXPECT_TRUE(run.next_state);
}

}  // namespace
}  // namespace millrace::receivers
