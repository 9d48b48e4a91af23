// Promise: each setting of a configuration reaches the option that it names, and mistakes are
// refused.
#include "cluster/node/node_setup.hpp"

#include <gtest/gtest.h>

#include "actors/pipeline/validate.hpp"
#include "tests/config/config_fixture.hpp"

namespace millrace::cluster {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<PipelineSpec> own_program() {
  StageSpec spec;
  spec.name = "reserve";
  spec.source = {.name = "stock", .type = "T"};
  spec.options.workers = 3;
  spec.options.retry = {.attempts = 4, .first = milliseconds(7), .max = seconds(7)};
  return {{"orders", {spec}}};
}

const StageOptions& options_of(const Result<std::vector<PipelineSpec>>& pipelines) {
  return (*pipelines)[0].stages[0].options;
}

TEST(NodeSetup, KeepsTheProgramsOptionsWithoutSettings) {
  config::Config config;
  config.queues = {{.name = "stock", .limits = {.backlog_messages = 9, .run_bytes = 5'000}}};
  const auto pipelines = configured(own_program(), config);
  ASSERT_TRUE(pipelines);
  EXPECT_EQ(options_of(pipelines).workers, 3U);
  EXPECT_EQ(options_of(pipelines).retry.attempts, 4U);
  EXPECT_EQ(options_of(pipelines).retry.first, milliseconds(7));
  EXPECT_EQ(runtime_options(config).queue_limits.at("stock").backlog_messages, 9U);
  EXPECT_EQ(runtime_options(config).queue_limits.at("stock").run_bytes, 5'000U);
}

TEST(NodeSetup, RefusesSettingsWithoutEffect) {
  config::Config config;
  config.queues = {{.name = "stocks"}};
  const auto unknown = configured(own_program(), config);
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().message,
            "queue stocks: this program has none of that name; did you mean stock?");
  config.queues.clear();
  config.pipelines = {{.name = "orders", .options = {{.name = "reserve", .batch_max = 9}}}};
  const auto unbatched = configured(own_program(), config);
  ASSERT_FALSE(unbatched);
  EXPECT_EQ(unbatched.error().message, "stage reserve of pipeline orders: it takes no batches");
}

TEST(NodeSetup, OptionsOfTheActorFrameworkReachTheirPart) {
  config::Config config;
  config.caf = {
      .policy = SchedulerPolicy::stealing, .max_throughput = 17, .max_consecutive_reads = 9};
  EXPECT_EQ(runtime_options(config).scheduler, SchedulerPolicy::stealing);
  EXPECT_EQ(runtime_options(config).turn_messages, 17U);
  config.listen.cluster = "127.0.0.1:0";
  const auto transport = transport_options(config, 1);
  ASSERT_TRUE(transport) << transport.error().message;
  EXPECT_EQ(transport->consecutive_reads_max, 9U);
}

TEST(NodeSetup, StageSettingsOverrideQueueSettingsAndBothTheProgram) {
  config::Config config;
  config.queues = {{.name = "stock",
                    .limits = {.lease_us = 2'000'000, .failed_max = 8, .retry_first_us = 11'000},
                    .set_keys = {"lease", "failed_max", "retry_first"}}};
  config.pipelines = {{.name = "orders", .options = {{.name = "reserve", .retry_attempts = 2}}}};
  const auto pipelines = configured(own_program(), config);
  ASSERT_TRUE(pipelines);
  EXPECT_EQ(options_of(pipelines).timeout, seconds(2));
  EXPECT_EQ(options_of(pipelines).retry.attempts, 2U);
  EXPECT_EQ(options_of(pipelines).retry.first, milliseconds(11));
  EXPECT_EQ(options_of(pipelines).retry.max, seconds(7));
}

TEST(NodeSetup, AQueueSettingThatEqualsItsDefaultOverridesTheProgram) {
  const config::Config resolved =
      config::resolve_text(
          "[[queue]]\nname = \"stock\"\nlease = \"30s\"\nfailed_max = 5\nretry_first = \"50ms\"\n"
          "retry_max = \"60s\"\nbody_cache = \"16MiB\"\n")
          .config;
  std::vector<PipelineSpec> pipelines = own_program();
  pipelines[0].stages[0].options.timeout = seconds(3);
  const auto overridden = configured(std::move(pipelines), resolved);
  ASSERT_TRUE(overridden);
  EXPECT_EQ(options_of(overridden).timeout, seconds(30));
  EXPECT_EQ(options_of(overridden).retry.attempts, 6U);
  EXPECT_EQ(options_of(overridden).retry.first, milliseconds(50));
  EXPECT_EQ(options_of(overridden).retry.max, seconds(60));
  EXPECT_TRUE(runtime_options(resolved).own_body_cache.contains("stock"));
}

TEST(NodeSetup, TheMostFailuresAreAttemptsThatAStageMayHave) {
  config::Config config;
  config.queues = {{.name = "stock", .limits = {.failed_max = 1'000}, .set_keys = {"failed_max"}}};
  const auto pipelines = configured(own_program(), config);
  ASSERT_TRUE(pipelines);
  const auto valid = validate(*pipelines);
  EXPECT_TRUE(valid || valid.error().message.find("attempts") == std::string::npos)
      << valid.error().message;
}

TEST(NodeSetup, SuggestsASimilarNameForAMissingStage) {
  config::Config config;
  config.pipelines = {{.name = "orders", .options = {{.name = "reserv"}}}};
  const auto stage = configured(own_program(), config);
  ASSERT_FALSE(stage);
  EXPECT_EQ(stage.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(stage.error().message.find("reserv of pipeline orders"), std::string::npos);
  EXPECT_NE(stage.error().message.find("did you mean reserve?"), std::string::npos);

  config.pipelines = {{.name = "order"}};
  const auto pipeline = configured(own_program(), config);
  ASSERT_FALSE(pipeline);
  EXPECT_NE(pipeline.error().message.find("did you mean orders?"), std::string::npos);
}

TEST(NodeSetup, TheTransportLinksUpWithAllOthers) {
  config::Config config;
  config.node.name = "b";
  config.listen.cluster = "127.0.0.1:7000";
  config.cluster.name = "c";
  config.cluster.nodes = {{.name = "a", .address = "[::1]:7001"},
                          {.name = "b", .address = "127.0.0.1:7000"}};
  config.membership.heartbeat = seconds(1);
  config.membership.acceptable_pause = seconds(3);
  const auto options = transport_options(config, 77);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->own.node, "b");
  EXPECT_EQ(options->own.incarnation, 77U);
  EXPECT_EQ(options->own.features, features) << "or no node would call this one";
  ASSERT_EQ(options->peers.size(), 1U);
  EXPECT_EQ(options->peers[0].address.host, "::1");
  EXPECT_EQ(options->peers[0].address.port, 7001);
  EXPECT_EQ(options->silence_max, seconds(5));
  EXPECT_FALSE(options->tls);
}

}  // namespace
}  // namespace millrace::cluster
