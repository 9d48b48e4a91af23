// The stages of the inference pipeline, and how they are wired.
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

/// What the stages share. All of it outlives the pipeline.
struct Services {
  Model* model;
  Admission* admission;
  Callers* callers;
  const Clock* clock;
};

[[nodiscard]] QueueRef<Request> requests_queue();
[[nodiscard]] QueueRef<Request> work_queue();
[[nodiscard]] QueueRef<Answer> answers_queue();  ///< in order for each tenant

/// Lets a request through to the model, or answers at once that there is no time for it.
struct Admit {
  Admission* admission;

  Routed operator()(const Request& request, const Context& context) const;
};

/// Runs the model over a batch. Each request has its own outcome: an answer, a rejection, or one
/// more try. What has expired meanwhile costs the model nothing. Blocks.
struct Infer {
  Services services;

  std::vector<Outcome<Answer>> operator()(Batch<Request> batch) const;
};

/// Tells the caller of a dead request.
struct GiveUp {
  Admission* admission;

  Answer operator()(const Request& request, const Context& context) const;
};

/// Hands an answer to its caller.
struct Deliver {
  Services services;

  void operator()(const Answer& answer) const;
};

/// The whole pipeline; `batch` says how the model's batches are gathered.
[[nodiscard]] PipelineSpec inference_pipeline(const Services& services, const BatchOptions& batch);

}  // namespace millrace::inference
