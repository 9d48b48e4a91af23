// Helpers to run the stages of a pipeline by hand, as a receiver would.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "tests/pipeline/shapes.pb.h"

namespace millrace::test {

inline Placed placed(std::string order, std::int64_t cents = 0) {
  Placed message;
  message.set_order(std::move(order));
  message.set_customer("ann");
  message.set_cents(cents);
  return message;
}

inline Placed broken(std::string order) {
  Placed message = placed(std::move(order));
  message.set_broken(true);
  return message;
}

inline StageInput input_of(std::string payload, std::string_view key = "ann") {
  auto envelope = std::make_shared<pb::Envelope>();
  envelope->set_key(std::string(key));
  envelope->set_payload(std::move(payload));
  return {.envelope = envelope,
          .context = Context({.id = {.high = 1, .low = 2}, .key = key, .now_us = 1000}, "stage")};
}

/// A run of messages of one key, with the stored state of the key, if any.
inline StageRun run_of(const std::vector<Placed>& messages, std::string_view key = "ann",
                       std::optional<Stock> state = {}) {
  StageRun run{.key = key};
  if (state) run.state = std::make_shared<const std::string>(state->SerializeAsString());
  for (const Placed& message : messages) {
    run.inputs.push_back(input_of(message.SerializeAsString(), key));
  }
  return run;
}

/// Runs stage `index` of `spec` over one run.
inline StageRun run_stage(const PipelineSpec& spec, StageRun run, std::size_t index = 0) {
  const std::unique_ptr<Stage> stage = spec.stages.at(index).make();
  stage->run({&run, 1});
  EXPECT_EQ(run.results.size(), run.inputs.size());
  return run;
}

inline Reserved reserved_of(const Placed& order) {
  Reserved out;
  out.set_order(order.order());
  out.set_cents(order.cents());
  return out;
}

inline std::vector<StageResult::Kind> kinds(const StageRun& run) {
  std::vector<StageResult::Kind> out;
  for (const StageResult& result : run.results) out.push_back(result.kind);
  return out;
}

/// Runs `handler`, of a keyed queue and without outputs, over one run.
template <class Handler>
StageRun run_sink(const Handler& handler, StageRun run) {
  return run_stage(
      pipeline("p").from(queue<Placed>("in").key_by(&Placed::customer)).then("stage", handler),
      std::move(run));
}

template <class T>
T parsed(const std::string& bytes) {
  T message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

}  // namespace millrace::test
