// The handlers of the inference pipeline, called directly, and its wiring.
#include "apps/inference/stages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "actors/pipeline/validate.hpp"
#include "messages/error_code.hpp"

namespace millrace::inference {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr TimeUs now_us = 1'000'000;

class FixedClock final : public Clock {
 public:
  [[nodiscard]] TimeUs now_us() const override { return inference::now_us; }
  [[nodiscard]] SteadyUs steady_us() const override { return inference::now_us; }
};

Request request(std::uint64_t id, const std::string& prompt = "why") {
  Request request;
  request.set_tenant("chat");
  request.set_id(id);
  request.set_prompt(prompt);
  return request;
}

class InferenceStages : public ::testing::Test {
 public:
  Context context(Context::Facts facts) {
    facts.now_us = now_us;
    return {facts, "stage"};
  }

  std::vector<Outcome<Answer>> infer(const std::vector<Request>& requests,
                                     const std::vector<Context>& contexts) {
    std::vector<BatchItem<Request>> items;
    for (std::size_t i = 0; i < requests.size(); ++i) items.push_back({requests[i], contexts[i]});
    return Infer{services_}(items);
  }

  std::chrono::microseconds waited_{0};
  Model model_{
      {.cost = {.fixed = 20ms, .per_item = 1ms}, .prompt_max = 10, .out_of_memory_one_in = 0},
      [this](std::chrono::microseconds span) {
        waited_ += span;
      }};
  Admission admission_{{.batch_max = 1, .cost = {.fixed = 20ms, .per_item = 1ms}}};
  Callers callers_{1};
  FixedClock clock_;
  Services services_{&model_, &admission_, &callers_, &clock_};
};

const Answer& only_answer(const Outcome<Answer>& outcome) {
  return outcome.outputs()->at(0);
}

TEST_F(InferenceStages, AdmitForwardsARequestThatHasTime) {
  const Routed routed = Admit{&admission_}(request(1), context({.expires_at_us = now_us + 50'000}));
  ASSERT_EQ(routed.items().size(), 1u);
  EXPECT_EQ(routed.items()[0].queue, "inference.work");
  EXPECT_EQ(admission_.pending(), 1u);
}

TEST_F(InferenceStages, AdmitAnswersAtOnceWithoutTime) {
  const Routed routed = Admit{&admission_}(request(1), context({.expires_at_us = now_us + 5'000}));
  ASSERT_EQ(routed.items().size(), 1u);
  EXPECT_EQ(routed.items()[0].queue, "inference.answers");
  EXPECT_EQ(routed.items()[0].key, "chat");
  Answer answer;
  ASSERT_TRUE(answer.ParseFromString(routed.items()[0].payload));
  EXPECT_EQ(answer.id(), 1u);
  EXPECT_EQ(answer.verdict(), REFUSED);
  EXPECT_THAT(answer.text(), HasSubstr("the deadline leaves 5 ms"));
  EXPECT_EQ(admission_.pending(), 0u);
}

TEST_F(InferenceStages, AdmitConsidersThePriority) {
  ASSERT_EQ(admission_.refuse({.id = 1, .priority = 5}, now_us), "");
  const TimeUs soon = now_us + 25'000;
  EXPECT_EQ(Admit{&admission_}(request(2), context({.expires_at_us = soon, .priority = 6}))
                .items()[0]
                .queue,
            "inference.work");
  EXPECT_EQ(Admit{&admission_}(request(3), context({.expires_at_us = soon, .priority = 5}))
                .items()[0]
                .queue,
            "inference.answers");
}

TEST_F(InferenceStages, InferAnswersAWholeBatchAtOnce) {
  ASSERT_EQ(admission_.refuse({.id = 1}, now_us), "");
  ASSERT_EQ(admission_.refuse({.id = 2}, now_us), "");
  const auto outcomes = infer({request(1, "a"), request(2, "b")},
                              {context({.born_at_us = now_us - 300}), context({})});
  EXPECT_EQ(waited_, 22ms);
  const Answer& answer = only_answer(outcomes.at(0));
  EXPECT_EQ(answer.id(), 1u);
  EXPECT_EQ(answer.tenant(), "chat");
  EXPECT_EQ(answer.verdict(), ANSWERED);
  EXPECT_EQ(answer.text(), Model::completion_of("a"));
  EXPECT_EQ(answer.waited_us(), 300);
  EXPECT_EQ(answer.batch_size(), 2u);
  EXPECT_EQ(only_answer(outcomes.at(1)).text(), Model::completion_of("b"));
  EXPECT_EQ(admission_.pending(), 0u);
}

TEST_F(InferenceStages, InferGivesEachRequestItsOwnOutcome) {
  Model forgetful({.prompt_max = 10, .out_of_memory_one_in = 1}, [](auto) {});
  services_.model = &forgetful;
  const auto outcomes = infer({request(1, "12345678901"), request(2), request(3)},
                              {context({}), context({.failed = 1}), context({.failed = 0})});
  ASSERT_NE(outcomes.at(0).reject(), nullptr);
  EXPECT_THAT(outcomes[0].reject()->reason, HasSubstr("11 characters"));
  EXPECT_EQ(only_answer(outcomes.at(1)).verdict(), ANSWERED);
  ASSERT_NE(outcomes.at(2).retry(), nullptr);
  EXPECT_EQ(outcomes[2].retry()->delay, 10ms);
}

TEST_F(InferenceStages, InferDoesNotAskTheModelForExpiredRequests) {
  ASSERT_EQ(admission_.refuse({.id = 1}, now_us), "");
  const auto mixed =
      infer({request(1, "a"), request(2, "b")}, {context({.expires_at_us = now_us}), context({})});
  EXPECT_EQ(only_answer(mixed.at(0)).verdict(), EXPIRED);
  EXPECT_EQ(only_answer(mixed.at(1)).text(), Model::completion_of("b"));
  EXPECT_EQ(only_answer(mixed.at(1)).batch_size(), 1u);
  EXPECT_EQ(waited_, 21ms);
  EXPECT_EQ(admission_.pending(), 0u);

  infer({request(3)}, {context({.expires_at_us = now_us - 1})});
  EXPECT_EQ(waited_, 21ms) << "the model was not called";
}

TEST_F(InferenceStages, GiveUpAnswersWithTheReason) {
  ASSERT_EQ(admission_.refuse({.id = 1}, now_us), "");
  pb::DeadLetter letter;
  letter.set_code(static_cast<std::uint32_t>(ErrorCode::expired));
  letter.set_reason("too late");
  const Answer expired = GiveUp{&admission_}(request(1), context({.dead_letter = &letter}));
  EXPECT_EQ(expired.verdict(), EXPIRED);
  EXPECT_EQ(expired.text(), "too late");
  EXPECT_EQ(admission_.pending(), 0u);

  letter.set_code(static_cast<std::uint32_t>(ErrorCode::rejected));
  EXPECT_EQ(GiveUp{&admission_}(request(1), context({.dead_letter = &letter})).verdict(), REJECTED);
}

TEST_F(InferenceStages, DeliverAnswersTheCaller) {
  callers_.ask(0, request(1, "a"), now_us - 10, now_us + 10);
  Answer answer;
  answer.set_id(1);
  answer.set_verdict(ANSWERED);
  answer.set_text(Model::completion_of("a"));
  Deliver{services_}(answer);
  EXPECT_EQ(callers_.wait_for_all(0ms), 0u);
  EXPECT_EQ(callers_.figures().at(0).total.max_us(), 10);
}

TEST_F(InferenceStages, FormAValidPipeline) {
  const PipelineSpec spec = inference_pipeline(services_, {.max = 32, .window = 5ms});
  const Result<void> valid = validate({&spec, 1});
  EXPECT_TRUE(valid) << (valid ? "" : valid.error().message);
}

}  // namespace
}  // namespace millrace::inference
