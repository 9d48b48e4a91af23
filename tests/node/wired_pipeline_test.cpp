// Promise: a pipeline wired by a configuration equals one that a program builds from the same
// stages, and mistakes are refused.
#include "cluster/node/wired_pipeline.hpp"

#include <gmock/gmock.h>

#include "cluster/node/node_setup.hpp"
#include "messages/values.pb.h"

namespace millrace::cluster {
namespace {

using config::PipelineConfig;

StageSpec stage(const std::string& name, QueueSpec source, std::vector<QueueSpec> targets) {
  StageSpec spec;
  spec.name = name;
  spec.source = std::move(source);
  spec.targets = std::move(targets);
  return spec;
}

std::vector<PipelineSpec> program() {
  return {{"orders",
           {stage("validate", {.name = "placed", .type = "A"}, {{.name = "good", .type = "B"}}),
            stage("reserve", {.name = "good", .type = "B"}, {{.name = "reserved", .type = "C"}}),
            stage("notify", {.name = "reserved", .type = "C"}, {}),
            stage("split", {.name = "s", .type = "C"},
                  {{.name = "x", .type = "A"}, {.name = "y", .type = "B"}})}}};
}

std::string refusal(const PipelineConfig& told) {
  const auto wired = wire(told, program());
  return wired ? "" : wired.error().message;
}

TEST(WiredPipeline, HasAQueueBetweenEachTwoStages) {
  const auto wired =
      wire({.name = "night", .from = "late", .stages = {"validate", "reserve"}, .to = "done"},
           program());
  ASSERT_TRUE(wired);
  ASSERT_EQ(wired->stages.size(), 2U);
  EXPECT_EQ(wired->stages[0].source.name, "late");
  EXPECT_EQ(wired->stages[0].source.type, "A");
  EXPECT_EQ(wired->stages[0].targets[0].name, "night.validate");
  EXPECT_EQ(wired->stages[1].source.name, "night.validate");
  EXPECT_EQ(wired->stages[1].source.type, "B");
  EXPECT_EQ(wired->stages[1].targets[0].name, "done");
  EXPECT_EQ(wired->stages[1].targets[0].type, "C");
}

TEST(WiredPipeline, EndsAtAStageWithoutOutput) {
  const auto wired = wire({.name = "tell", .from = "late", .stages = {"notify"}}, program());
  ASSERT_TRUE(wired);
  EXPECT_TRUE(wired->stages[0].targets.empty());
}

TEST(WiredPipeline, HasExternalStagesOfQueuesWithoutAProtoFile) {
  const std::vector<config::QueueConfig> queues{
      {.name = "images", .type = config::ValueType::json, .key = "/owner/id"}};
  const PipelineConfig told{
      .name = "thumbs",
      .from = "images",
      .stages = {"resize", "publish"},
      .options = {{.name = "resize", .is_external = true, .outputs = config::ValueType::bytes},
                  {.name = "publish", .is_external = true}}};
  const auto wired = wire(told, program(), queues);
  ASSERT_TRUE(wired) << wired.error().message;
  const StageSpec& resize = wired->stages.at(0);
  EXPECT_TRUE(resize.is_external);
  EXPECT_EQ(resize.source.type, "millrace.Json");
  EXPECT_EQ(resize.targets.at(0), (QueueSpec{"thumbs.resize", "millrace.Bytes"}));
  EXPECT_TRUE(resize.keeps_state);
  EXPECT_EQ(wired->stages.at(1).source.type, "millrace.Bytes");
  EXPECT_TRUE(wired->stages.at(1).is_keyed) << "outputs keep the key of their input";
  millrace::Json image;
  const auto key_of = [&](const char* text) {
    image.set_text(text);
    return resize.source.key_of(image);
  };
  EXPECT_EQ(key_of(R"({"owner": {"id": "a"}})"), "a");
  EXPECT_EQ(key_of(R"({"owner": {"id": 7}})"), "7");
  EXPECT_EQ(key_of(R"({"owner": {}})"), "");
  EXPECT_EQ(key_of("[]"), "");
  EXPECT_EQ(key_of("7"), "");
  EXPECT_THROW((void)key_of(R"({"owner": {"id": {}}})"), std::invalid_argument);
}

TEST(WiredPipeline, RefusesExternalStagesThatCannotBeWired) {
  using testing::HasSubstr;
  EXPECT_THAT(refusal({.name = "p",
                       .from = "q",
                       .stages = {"resize"},
                       .options = {{.name = "resize", .is_external = true}}}),
              HasSubstr("reads queue q, which has no type"));
  EXPECT_THAT(refusal({.name = "p",
                       .from = "placed",
                       .stages = {"resize", "tell"},
                       .options = {{.name = "resize", .is_external = true},
                                   {.name = "tell", .is_external = true}}}),
              HasSubstr("the stage before it has no output"));
}

TEST(WiredPipeline, NamesTheStagesThatDoNotFit) {
  using testing::HasSubstr;
  EXPECT_THAT(refusal({.name = "p", .from = "q", .stages = {"validat"}, .to = "r"}),
              HasSubstr("did you mean validate?"));
  EXPECT_THAT(refusal({.name = "p", .from = "q", .stages = {"validate", "notify"}}),
              HasSubstr("its output is B, but stage notify takes C"));
  EXPECT_THAT(refusal({.name = "p", .from = "q", .stages = {"validate"}}),
              HasSubstr("expected `to`"));
  EXPECT_THAT(refusal({.name = "p", .from = "q", .stages = {"notify"}, .to = "r"}),
              HasSubstr("expected no `to`, got r"));
  EXPECT_THAT(refusal({.name = "p", .from = "q", .stages = {"split"}, .to = "r"}),
              HasSubstr("it writes to 2 queues"));
  EXPECT_THAT(refusal({.name = "p", .from = "good", .stages = {"validate"}, .to = "r"}),
              HasSubstr("queue good carries B, expected A"));
}

TEST(WiredPipeline, RunsBesideTheProgramsPipelineWithItsOwnOptions) {
  config::Config config;
  config.pipelines = {{.name = "night",
                       .from = "late",
                       .stages = {"validate"},
                       .to = "done",
                       .options = {{.name = "validate", .workers = 7}}}};
  const auto pipelines = configured(program(), config);
  ASSERT_TRUE(pipelines);
  ASSERT_EQ(pipelines->size(), 2U);
  EXPECT_EQ((*pipelines)[1].stages[0].options.workers, 7U);
  EXPECT_EQ((*pipelines)[0].stages[0].options.workers, 1U);
}

TEST(WiredPipeline, CannotHaveTheNameOfAPipelineOfTheProgram) {
  config::Config config;
  config.pipelines = {{.name = "orders", .from = "q", .stages = {"validate"}, .to = "r"}};
  const auto pipelines = configured(program(), config);
  ASSERT_FALSE(pipelines);
  EXPECT_THAT(pipelines.error().message, testing::HasSubstr("orders"));
}

// The pipelines of `program` and `queues`, or what is wrong with them.
std::string leased_refusal(std::vector<config::QueueConfig> queues,
                           std::vector<PipelineSpec> program) {
  config::Config config;
  config.queues = std::move(queues);
  const auto pipelines = configured(std::move(program), config);
  return pipelines ? "" : pipelines.error().message;
}

TEST(LeasedQueues, HaveAnExternalStageEach) {
  config::Config config;
  config.queues = {{.name = "jobs",
                    .type = config::ValueType::json,
                    .key = "/id",
                    .leases = true,
                    .outputs = {"reserved", "done"}},
                   {.name = "done", .type = config::ValueType::bytes},
                   {.name = "x", .leases = true, .set_keys = {"lease"}}};
  config.queues[2].limits.lease_us = 7'000'000;
  config.pipelines = {{.name = "queues", .options = {{.name = "jobs", .retry_attempts = 3}}}};
  const auto pipelines = configured(program(), config);
  ASSERT_TRUE(pipelines) << pipelines.error().message;
  const PipelineSpec& leased = pipelines->back();
  EXPECT_EQ(leased.name, "queues");
  ASSERT_EQ(leased.stages.size(), 2U);
  const StageSpec& jobs = leased.stages[0];
  EXPECT_TRUE(jobs.is_external);
  EXPECT_EQ(jobs.name, "jobs");
  EXPECT_EQ(jobs.source, (QueueSpec{"jobs", "millrace.Json"}));
  EXPECT_TRUE(jobs.keeps_state) << "the queue has a key";
  EXPECT_EQ(jobs.targets, (std::vector<QueueSpec>{{"reserved", "C"}, {"done", "millrace.Bytes"}}));
  EXPECT_EQ(jobs.options.retry.attempts, 3U) << "options as of other stages";
  EXPECT_EQ(leased.stages[1].source, (QueueSpec{"x", "A"})) << "as the program has it";
  EXPECT_FALSE(leased.stages[1].keeps_state);
  EXPECT_EQ(leased.stages[1].options.timeout, std::chrono::seconds(7));
}

TEST(LeasedQueues, AreRefusedWhereAStageReadsThem) {
  using testing::HasSubstr;
  EXPECT_THAT(leased_refusal({{.name = "good", .leases = true}}, program()),
              HasSubstr("queue good, leases: expected a queue that no stage reads, but stage "
                        "reserve of pipeline orders reads it"));
  EXPECT_THAT(leased_refusal({{.name = "jobs", .leases = true}}, program()),
              HasSubstr("it has no type: expected `type`"));
  EXPECT_THAT(
      leased_refusal({{.name = "x", .leases = true, .outputs = {"reserve"}}}, program()),
      HasSubstr("queue x, outputs: no pipeline names queue reserve, and it has no [[queue]] with "
                "`type`; did you mean reserved?"));
  auto taken = program();
  taken[0].name = "queues";
  EXPECT_THAT(leased_refusal({{.name = "x", .leases = true}}, taken),
              HasSubstr("pipeline queues: expected another name"));
}

}  // namespace
}  // namespace millrace::cluster
