// The stages of the inference pipeline and their wiring.
//
//   requests ─▶ admit ─▶ work ─▶ model (in batches) ─▶ answers ─▶ deliver
//                 │                │                      ▲  └─▶ answers.dead ─▶ deliver-late
//                 │                └─▶ dead ─▶ give-up ───┤
//                 └─ refused ─────────────────────────────┘
#pragma once

#include <vector>

#include "actors/base/clock.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "apps/inference/admission.hpp"
#include "apps/inference/callers.hpp"
#include "apps/inference/inference.pb.h"
#include "apps/inference/model.hpp"

namespace millrace::inference {

/// Objects shared by the stages; they must outlive the pipeline.
struct Services {
  Model* model;
  Admission* admission;
  Callers* callers;
  const Clock* clock;
};

[[nodiscard]] QueueRef<Request> requests_queue();
[[nodiscard]] QueueRef<Request> work_queue();
[[nodiscard]] QueueRef<Answer> answers_queue();  ///< in order for each tenant

/// Passes a request on to the model, or refuses it at once.
struct Admit {
  Admission* admission;

  Routed operator()(const Request& request, const Context& context) const;
};

/// Runs the model on a batch. Each request has its own outcome: answer, rejection or retry. Skips
/// expired requests. Blocks.
struct Infer {
  Services services;

  std::vector<Outcome<Answer>> operator()(Batch<Request> batch) const;
};

/// Answers the caller of a dead request.
struct GiveUp {
  Admission* admission;

  Answer operator()(const Request& request, const Context& context) const;
};

/// Delivers an answer to its caller.
struct Deliver {
  Services services;

  void operator()(const Answer& answer) const;
};

/// Builds the pipeline. `batch`: batching of the model stage.
[[nodiscard]] PipelineSpec inference_pipeline(const Services& services, const BatchOptions& batch);

}  // namespace millrace::inference
