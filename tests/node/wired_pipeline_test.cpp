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

}  // namespace
}  // namespace millrace::cluster
