// PipelineSpec: a wired pipeline as data, which a node or a test brings to life.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "actors/pipeline/stage_options.hpp"
#include "actors/receiver/stage.hpp"

namespace millrace {

/// A queue by name, and the full name of the Protobuf type that it carries.
struct QueueSpec {
  std::string name;
  std::string type;

  friend bool operator==(const QueueSpec&, const QueueSpec&) = default;
};

/// One stage: where its input comes from, what handles it, where its outputs go.
struct StageSpec {
  std::string name;
  QueueSpec source;
  std::vector<QueueSpec> targets{};
  StageOptions options{};
  bool is_batch = false;  ///< gathers up to options.batch.max messages of different keys
  std::function<std::unique_ptr<Stage>()> make{};  ///< a fresh handler for one worker; any thread
};

struct PipelineSpec {
  std::string name;
  std::vector<StageSpec> stages{};
};

}  // namespace millrace
