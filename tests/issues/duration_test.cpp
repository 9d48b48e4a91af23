// Promise: a duration that is too long to be added to the present time means "never", and a negative
// one is refused, wherever a program gives one: as a sender, for an output, a retry or a timer.
#include <chrono>
#include <limits>
#include <string>

#include <gtest/gtest.h>

#include "actors/base/clock.hpp"
#include "actors/queue/move/target.hpp"
#include "actors/receiver/outcome_builder.hpp"
#include "actors/runtime/sender.hpp"
#include "actors/sender/sender_inbox.hpp"
#include "tests/pipeline/stage_fixture.hpp"
#include "tests/queue/work.hpp"

namespace millrace::test {
namespace {

using std::chrono::microseconds;
using namespace std::chrono_literals;
using Kind = StageResult::Kind;

constexpr TimeUs noon_us = 1'700'000'000'000'000;

class DurationOfASender : public ::testing::Test {
 protected:
  Result<void> send(MessageOptions options) {
    return link_.send("key", "payload", std::move(options), {}, false);
  }
  void expect_refused(const MessageOptions& options, const std::string& text) {
    const Result<void> sent = send(options);
    ASSERT_FALSE(sent) << text;
    EXPECT_EQ(sent.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(sent.error().message, text);
    EXPECT_TRUE(inbox_->take_all().empty());
  }

  SystemClock clock_;
  std::shared_ptr<senders::SenderInbox> inbox_ =
      std::make_shared<senders::SenderInbox>(senders::SenderInbox::Window{10}, [] {});
  SenderLink link_{inbox_, 1, clock_, {}};
};

TEST_F(DurationOfASender, ThatIsTheLongestMeansNever) {
  ASSERT_TRUE(send({.delay = microseconds::max(), .expires_in = microseconds::max()}));
  const std::vector<senders::UnsentMessage> sent = inbox_->take_all();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].envelope->not_before_us(), time_max_us);
  EXPECT_EQ(sent[0].envelope->expires_at_us(), time_max_us);
  EXPECT_TRUE(queues::is_time(sent[0].envelope->delay_us())) << "else its shard cannot move";
}

TEST_F(DurationOfASender, OutOfRangeIsRefused) {
  expect_refused({.delay = -5s}, "delay: expected 0 or more");
  expect_refused({.expires_in = -5s}, "expires_in: expected 0 or more");
  expect_refused({.priority = -7}, "priority: expected 0 to 9, got -7");
  expect_refused({.priority = 10}, "priority: expected 0 to 9, got 10");
}

// The outcome of one acked message with one output and one timer.
queues::LeaseOutcome outcome_with(microseconds span) {
  StageRun run = run_of({placed("a")});
  StageResult& result = run.results.emplace_back();
  result.kind = Kind::acked;
  result.outputs.push_back({.options = {.delay = span, .expires_in = span}});
  result.timers_set.push_back({"t", span, "payload"});
  return receivers::build_outcome("stage", {.targets = {{7}}}, 1, run, noon_us);
}

TEST(DurationOfAnOutcome, ThatIsTheLongestMeansNever) {
  const queues::LeaseOutcome outcome = outcome_with(microseconds::max());
  const pb::Envelope& output = *outcome.messages.at(0).outputs.at(0).envelope;
  EXPECT_EQ(output.not_before_us(), time_max_us);
  EXPECT_EQ(output.expires_at_us(), time_max_us);
  const pb::TimerSet& timer = outcome.messages.at(0).timers_set.at(0);
  EXPECT_EQ(timer.due_us(), time_max_us);
  EXPECT_TRUE(queues::is_time(timer.after_us()));
}

TEST(DurationOfAnOutcome, IsKeptBesideTheTimeThatFollowsFromIt) {
  const queues::LeaseOutcome outcome = outcome_with(20ms);
  EXPECT_EQ(outcome.messages.at(0).outputs.at(0).envelope->not_before_us(), noon_us + 20'000);
  EXPECT_EQ(outcome.messages.at(0).outputs.at(0).envelope->delay_us(), 20'000);
  EXPECT_EQ(outcome.messages.at(0).timers_set.at(0).due_us(), noon_us + 20'000);
  EXPECT_EQ(outcome.messages.at(0).timers_set.at(0).after_us(), 20'000);
}

TEST(DurationOfARetry, ThatIsTheLongestMeansNever) {
  queues::Work work;
  work.append("k");
  queues::LeaseOutcome retry = queues::Work::outcome(work.lease(1).at(0), {Kind::retry});
  retry.messages[0].delay_us = microseconds::max().count();
  work.complete(std::move(retry));
  work.world.commit();
  for (int year = 0; year < 100; ++year) {
    EXPECT_TRUE(work.lease(1).empty());
    work.world.advance(365ll * 86'400'000'000);
  }
}

TEST(DurationOfALease, MayBeTheLongest) {
  queues::Work work;
  work.state().limits.lease_us = microseconds::max().count();
  work.append("k");
  const auto leases = work.lease(1);
  ASSERT_EQ(leases.size(), 1u);
  EXPECT_TRUE(work.complete(queues::Work::acked(leases[0])).refused.empty());
}

TEST(DurationOfARetry, ThatIsNegativeFailsTheMessage) {
  const StageRun run = run_sink(
      [](const Placed&) -> Outcome<void> {
        return Retry{"busy", -1us};
      },
      run_of({placed("a")}));
  EXPECT_EQ(run.results.at(0).kind, Kind::failed);
  EXPECT_EQ(run.results.at(0).reason,
            "the handler returned a Retry with delay: expected 0 or more; its reason: busy");
}

TEST(DurationOfATimer, ThatIsNegativeFailsTheMessageAndItsChanges) {
  const StageRun run = run_sink(
      [](const Placed& order, Keyed<Stock>& stock) {
        stock.change().set_left(1);
        stock.set_timer("t", -1us, order);
      },
      run_of({placed("a")}));
  EXPECT_EQ(run.results.at(0).kind, Kind::failed);
  EXPECT_EQ(run.results.at(0).reason, "the handler set timer t with after: expected 0 or more");
  EXPECT_TRUE(run.results.at(0).timers_set.empty());
  EXPECT_EQ(run.next_state, std::nullopt);
}

}  // namespace
}  // namespace millrace::test
