// Rows of [[pipeline]]: its wiring from registered stages, and options of stages by name.
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

template <auto Field>
void take_stage(Config& config, const Value& value) {
  take<&Config::pipelines, &PipelineConfig::options, Field>(config, value);
}

void add_wiring(KeyTable& table) {
  table.groups.push_back({.path = "pipeline[]",
                          .doc = "Options for the stages of a pipeline of the program; or, with "
                                 "`from` and `stages`, a pipeline wired from registered stages.",
                          .open = add_item<&Config::pipelines>});
  table.keys.push_back({.path = "pipeline[].name",
                        .type = Type::name,
                        .doc = "The pipeline's name.",
                        .store = take<&Config::pipelines, &PipelineConfig::name>,
                        .example = "\"orders\"",
                        .is_required = true});
  table.keys.push_back({.path = "pipeline[].from",
                        .type = Type::name,
                        .doc = "Queue that the first stage reads.",
                        .store = take<&Config::pipelines, &PipelineConfig::from>,
                        .example = "\"orders.placed\""});
  table.keys.push_back({.path = "pipeline[].stages",
                        .type = Type::names,
                        .doc = "Names of stages, in order: registered ones of the program, or "
                               "external ones.",
                        .store = take<&Config::pipelines, &PipelineConfig::stages>,
                        .example = "[\"validate\", \"reserve\"]"});
  table.keys.push_back({.path = "pipeline[].to",
                        .type = Type::name,
                        .doc = "Queue that the last stage writes to. Unset: it has no output.",
                        .store = take<&Config::pipelines, &PipelineConfig::to>,
                        .example = "\"orders.reserved\""});
}

void add_external(KeyTable& table) {
  table.keys.push_back({.path = "pipeline[].stage.*.external",
                        .type = Type::boolean,
                        .fallback = "false",
                        .doc = "The stage runs in workers that ask for its messages over HTTP.",
                        .store = take_stage<&StageConfig::is_external>});
  table.keys.push_back({.path = "pipeline[].stage.*.outputs",
                        .type = Type::choice,
                        .doc = "Type of what an external stage writes. Unset: it writes nothing.",
                        .store = take_stage<&StageConfig::outputs>,
                        .choices = {"json", "bytes"},
                        .example = "\"json\""});
}

void add_running(KeyTable& table) {
  table.keys.push_back({.path = "pipeline[].stage.*.role",
                        .type = Type::name,
                        .doc = "The stage runs only on nodes with this role. Unset: on all nodes.",
                        .store = take_stage<&StageConfig::role>,
                        .example = "\"worker\""});
  table.keys.push_back({.path = "pipeline[].stage.*.was",
                        .type = Type::name,
                        .doc =
                            "The former name of the stage: at its next start each node takes over "
                            "the queues that were named after it, with their messages.",
                        .store = take_stage<&StageConfig::was>,
                        .example = "\"check\""});
  table.keys.push_back(
      {.path = "pipeline[].stage.*.workers",
       .type = Type::integer,
       .doc =
           "Workers that run the stage at the same time; an idle one takes messages of any shard.",
       .store = take_stage<&StageConfig::workers>,
       .min = 1,
       .max = 1'000,
       .example = "1"});
  table.keys.push_back({.path = "pipeline[].stage.*.in_progress",
                        .type = Type::integer,
                        .doc =
                            "Handlings of each worker that wait for their outcome, at most, where "
                            "the handler returns a Pending.",
                        .store = take_stage<&StageConfig::in_progress>,
                        .min = 1,
                        .max = 10'000,
                        .example = "64"});
  table.keys.push_back({.path = "pipeline[].stage.*.timeout",
                        .type = Type::duration,
                        .doc = "Time limit of one handler call.",
                        .store = take_stage<&StageConfig::timeout>,
                        .min = ms,
                        .max = day,
                        .example = "\"30s\""});
  table.keys.push_back({.path = "pipeline[].stage.*.keep_state",
                        .type = Type::duration,
                        .doc = "Time for which the state and history of a key are kept after its "
                               "last change. 0us: for ever. Needs runtime.state_cache.",
                        .store = take_stage<&StageConfig::keep_state>,
                        .min = 0,
                        .max = 36'500 * day,
                        .example = "\"0us\""});
  table.keys.push_back({.path = "pipeline[].stage.*.dead_letter",
                        .type = Type::name,
                        .doc = "Dead letter queue of the stage.",
                        .store = take_stage<&StageConfig::dead_letter>,
                        .example = "\"orders.dead\""});
}

void add_retry_and_batch(KeyTable& table) {
  table.groups.push_back({.path = "pipeline[].stage.*.retry", .doc = "Retry after a failure."});
  table.keys.push_back({.path = "pipeline[].stage.*.retry.attempts",
                        .type = Type::integer,
                        .doc = "Failures after which a message becomes a dead letter. 0: it is "
                               "retried without end.",
                        .store = take_stage<&StageConfig::retry_attempts>,
                        .min = 0,
                        .max = 1'000,
                        .example = "6"});
  table.keys.push_back({.path = "pipeline[].stage.*.retry.first",
                        .type = Type::duration,
                        .doc = "Delay after the first failure; doubles with each failure.",
                        .store = take_stage<&StageConfig::retry_first>,
                        .min = 0,
                        .max = day,
                        .example = "\"100ms\""});
  table.keys.push_back({.path = "pipeline[].stage.*.retry.max",
                        .type = Type::duration,
                        .doc = "Maximum delay; at least `first`.",
                        .store = take_stage<&StageConfig::retry_max>,
                        .min = 0,
                        .max = day,
                        .example = "\"60s\""});
  table.groups.push_back({.path = "pipeline[].stage.*.batch", .doc = "Batching of a batch stage."});
  table.keys.push_back({.path = "pipeline[].stage.*.batch.max",
                        .type = Type::integer,
                        .doc = "Maximum messages of a batch.",
                        .store = take_stage<&StageConfig::batch_max>,
                        .min = 1,
                        .max = 10'000,
                        .example = "32"});
  table.keys.push_back({.path = "pipeline[].stage.*.batch.window",
                        .type = Type::duration,
                        .doc = "Maximum wait of the oldest message before the batch runs; at most "
                               "the timeout of the stage.",
                        .store = take_stage<&StageConfig::batch_window>,
                        .min = 0,
                        .max = day,
                        .example = "\"5ms\""});
}

void add_breaker(KeyTable& table) {
  table.groups.push_back(
      {.path = "pipeline[].stage.*.breaker",
       .doc =
           "Where most messages of the stage fail on a node, one at a time is tried, with growing "
           "pauses, and failures do not count, until one succeeds."});
  table.keys.push_back({.path = "pipeline[].stage.*.breaker.failures",
                        .type = Type::integer,
                        .doc = "Share of failures that opens the breaker, in percent. 0: it never "
                               "opens.",
                        .store = take_stage<&StageConfig::breaker_failures>,
                        .min = 0,
                        .max = 100,
                        .example = "50"});
  table.keys.push_back({.path = "pipeline[].stage.*.breaker.outcomes",
                        .type = Type::integer,
                        .doc = "Outcomes within `window` before it may open.",
                        .store = take_stage<&StageConfig::breaker_outcomes>,
                        .min = 1,
                        .max = 1'000'000,
                        .example = "20"});
  table.keys.push_back({.path = "pipeline[].stage.*.breaker.window",
                        .type = Type::duration,
                        .doc = "Time whose outcomes count.",
                        .store = take_stage<&StageConfig::breaker_window>,
                        .min = 1'000 * ms,
                        .max = 3'600'000 * ms,
                        .example = "\"30s\""});
  table.keys.push_back(
      {.path = "pipeline[].stage.*.breaker.probe_first",
       .type = Type::duration,
       .doc = "Pause before the first message is tried; doubles with each failure.",
       .store = take_stage<&StageConfig::breaker_probe_first>,
       .min = ms,
       .max = 3'600'000 * ms,
       .example = "\"500ms\""});
  table.keys.push_back({.path = "pipeline[].stage.*.breaker.probe_max",
                        .type = Type::duration,
                        .doc = "Maximum pause; at least `probe_first`.",
                        .store = take_stage<&StageConfig::breaker_probe_max>,
                        .min = ms,
                        .max = 3'600'000 * ms,
                        .example = "\"4s\""});
}

}  // namespace

void add_pipeline_keys(KeyTable& table) {
  add_wiring(table);
  table.groups.push_back(
      {.path = "pipeline[].stage",
       .doc = "Options of stages. An unset option keeps the value set by the program."});
  table.groups.push_back({.path = "pipeline[].stage.*",
                          .doc = "Options of the stage of this name.",
                          .open = add_named<&Config::pipelines, &PipelineConfig::options>});
  add_external(table);
  add_running(table);
  add_retry_and_batch(table);
  add_breaker(table);
}

}  // namespace millrace::config
