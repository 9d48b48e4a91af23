#include "cluster/node/wired_pipeline.hpp"

#include <string>
#include <utility>
#include <vector>

#include "actors/base/names.hpp"
#include "cluster/node/value_queue.hpp"

namespace millrace::cluster {
namespace {

using config::PipelineConfig;
using config::StageConfig;

class Wirer {
 public:
  Wirer(const PipelineConfig& config, std::span<const PipelineSpec> program,
        std::span<const config::QueueConfig> queues)
      : config_(config), program_(program), queues_(queues) {}

  Result<PipelineSpec> run() {
    PipelineSpec wired{config_.name, {}};
    for (const std::string& name : config_.stages) {
      if (const StageConfig* const options = external(name)) {
        auto stage = external_stage(*options, wired);
        if (!stage) return stage.error();
        wired.stages.push_back(std::move(*stage));
        continue;
      }
      const StageSpec* const known = find(name);
      if (known == nullptr) return unknown(name);
      wired.stages.push_back(*known);
    }
    for (std::size_t i = 0; i < wired.stages.size(); ++i) {
      StageSpec& stage = wired.stages[i];
      const bool is_last = i + 1 == wired.stages.size();
      const std::string source =
          i == 0 ? config_.from : config_.name + "." + wired.stages[i - 1].name;
      auto read = queue(source, stage.source, stage.name);
      if (!read) return read.error();
      stage.source = std::move(*read);
      if (stage.is_external) {
        stage.is_keyed = stage.source.key_of != nullptr || (i > 0 && wired.stages[i - 1].is_keyed);
        stage.keeps_state = stage.is_keyed;
        if (stage.keeps_state) stage.state_type = external_state_type;
      }
      if (stage.targets.empty() && is_last && config_.to.empty()) continue;
      if (stage.targets.size() != 1) return not_one_output(stage, is_last);
      if (is_last && config_.to.empty()) {
        return wrong(stage.name, "its output needs a queue: expected `to`, got nothing");
      }
      const StageSpec* const next = is_last ? nullptr : &wired.stages[i + 1];
      if (next != nullptr && next->source.type != stage.targets[0].type) {
        return wrong(stage.name, "its output is " + stage.targets[0].type + ", but stage " +
                                     next->name + " takes " + next->source.type);
      }
      const std::string target = is_last ? config_.to : config_.name + "." + stage.name;
      auto written = queue(target, next != nullptr ? next->source : stage.targets[0], stage.name);
      if (!written) return written.error();
      stage.targets[0] = std::move(*written);
    }
    return wired;
  }

 private:
  /// The options of the stage if it is external, else null.
  [[nodiscard]] const StageConfig* external(const std::string& name) const {
    for (const StageConfig& options : config_.options) {
      if (options.name == name && options.is_external) return &options;
    }
    return nullptr;
  }

  /// `wired`: with the stages before it.
  Result<StageSpec> external_stage(const StageConfig& options, const PipelineSpec& wired) const {
    StageSpec stage;
    stage.name = options.name;
    stage.is_external = true;
    if (wired.stages.empty()) {
      const auto source = known_queue(config_.from, program_, queues_);
      if (!source) {
        return wrong(options.name, "it reads queue " + config_.from +
                                       ", which has no type: expected a [[queue]] with `type`");
      }
      stage.source = *source;
    } else if (wired.stages.back().targets.empty()) {
      return wrong(options.name, "the stage before it has no output");
    } else {
      stage.source.type = wired.stages.back().targets[0].type;
    }
    if (options.outputs) stage.targets.push_back({.name = "", .type = type_name(*options.outputs)});
    return stage;
  }

  [[nodiscard]] const StageSpec* find(const std::string& name) const {
    for (const PipelineSpec& pipeline : program_) {
      for (const StageSpec& stage : pipeline.stages) {
        if (stage.name == name) return &stage;
      }
    }
    return nullptr;
  }

  /// Returns the queue of this name; if there is none, a new one like `pattern`.
  Result<QueueSpec> queue(const std::string& name, const QueueSpec& pattern,
                          const std::string& stage) const {
    QueueSpec found = known_queue(name, program_, queues_)
                          .value_or(QueueSpec{name, pattern.type, pattern.key_of});
    if (found.type == pattern.type) return found;
    return wrong(stage, "queue " + name + " carries " + found.type + ", expected " + pattern.type);
  }

  [[nodiscard]] Error wrong(const std::string& stage, const std::string& what) const {
    return {ErrorCode::invalid_argument,
            "pipeline " + config_.name + ", stage " + stage + ": " + what};
  }

  [[nodiscard]] Error unknown(const std::string& name) const {
    std::vector<std::string> names;
    for (const PipelineSpec& pipeline : program_) {
      for (const StageSpec& stage : pipeline.stages) names.push_back(stage.name);
    }
    const std::string near = nearest_word(name, names);
    return wrong(name, "this program has no stage of that name" +
                           (near.empty() ? "" : "; did you mean " + near + "?"));
  }

  [[nodiscard]] Error not_one_output(const StageSpec& stage, bool is_last) const {
    if (!stage.targets.empty()) {
      return wrong(stage.name, "it writes to " + std::to_string(stage.targets.size()) +
                                   " queues, and can only be wired by the program");
    }
    return wrong(stage.name, is_last ? "it has no output: expected no `to`, got " + config_.to
                                     : "it has no output, and must be the last one");
  }

  const PipelineConfig& config_;
  std::span<const PipelineSpec> program_;
  std::span<const config::QueueConfig> queues_;
};

}  // namespace

Result<PipelineSpec> wire(const PipelineConfig& config, std::span<const PipelineSpec> program,
                          std::span<const config::QueueConfig> queues) {
  return Wirer(config, program, queues).run();
}

}  // namespace millrace::cluster
