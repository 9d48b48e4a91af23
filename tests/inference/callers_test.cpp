// Each caller gets its own answer once; the figures report times and verdicts.
#include "apps/inference/callers.hpp"

#include <gtest/gtest.h>

#include "apps/inference/model.hpp"

namespace millrace::inference {
namespace {

using namespace std::chrono_literals;

Request asking(std::uint64_t id, const std::string& prompt) {
  Request request;
  request.set_id(id);
  request.set_prompt(prompt);
  return request;
}

Answer answer(std::uint64_t id, const std::string& prompt) {
  Answer answer;
  answer.set_id(id);
  answer.set_verdict(ANSWERED);
  answer.set_text(Model::completion_of(prompt));
  answer.set_waited_us(100);
  return answer;
}

TEST(Callers, CountAnswersInTimeAndLate) {
  Callers callers(2);
  callers.ask(1, asking(7, "a"), 1'000, 5'000);
  callers.ask(1, asking(8, "b"), 1'000, 5'000);
  callers.answer(answer(7, "a"), 5'000);
  callers.answer(answer(8, "b"), 5'001);
  const CallerFigures figures = callers.figures().at(1);
  EXPECT_EQ(figures.asked, 2u);
  EXPECT_EQ(figures.count(ANSWERED), 2u);
  EXPECT_EQ(figures.in_time, 1u);
  EXPECT_EQ(figures.total.max_us(), 4'001);
  EXPECT_EQ(figures.waited.max_us(), 100);
  EXPECT_EQ(callers.figures().at(0).asked, 0u);
  EXPECT_EQ(callers.mismatched(), 0u);
}

TEST(Callers, IgnoreADuplicateAnswer) {
  Callers callers(1);
  callers.ask(0, asking(7, "a"), 0, 10);
  callers.answer(answer(7, "a"), 5);
  callers.answer(answer(7, "a"), 6);
  EXPECT_EQ(callers.figures().at(0).count(ANSWERED), 1u);
}

TEST(Callers, CountAnAnswerToAnotherPromptAsMismatched) {
  Callers callers(1);
  callers.ask(0, asking(7, "a"), 0, 10);
  callers.answer(answer(7, "b"), 5);
  EXPECT_EQ(callers.mismatched(), 1u);
}

TEST(Callers, CountOtherVerdictsWithoutRecordingTimes) {
  Callers callers(1);
  callers.ask(0, asking(7, "a"), 0, 10);
  Answer refused;
  refused.set_id(7);
  refused.set_verdict(REFUSED);
  callers.answer(refused, 5);
  const CallerFigures figures = callers.figures().at(0);
  EXPECT_EQ(figures.count(REFUSED), 1u);
  EXPECT_EQ(figures.in_time, 0u);
  EXPECT_EQ(figures.total.count(), 0u);
}

TEST(Callers, WaitUntilEachIsAnsweredOrTurnedAway) {
  Callers callers(1);
  EXPECT_EQ(callers.wait_for_all(0ms), 0u);
  callers.ask(0, asking(1, "a"), 0, 10);
  callers.ask(0, asking(2, "b"), 0, 10);
  EXPECT_EQ(callers.wait_for_all(0ms), 2u);
  callers.turn_away(1);
  EXPECT_EQ(callers.wait_for_all(0ms), 1u);
  callers.answer(answer(2, "b"), 5);
  EXPECT_EQ(callers.wait_for_all(0ms), 0u);
  EXPECT_EQ(callers.figures().at(0).turned_away, 1u);
}

}  // namespace
}  // namespace millrace::inference
