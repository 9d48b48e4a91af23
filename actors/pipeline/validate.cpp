#include "actors/pipeline/validate.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "actors/pipeline/wiring.hpp"

namespace millrace {
namespace {

using std::chrono::microseconds;

constexpr microseconds span_max = std::chrono::hours(24);

class Validator {
 public:
  explicit Validator(std::span<const PipelineSpec> pipelines) : pipelines_(pipelines) {}

  [[nodiscard]] Result<void> run() {
    for (const PipelineSpec& pipeline : pipelines_) check_pipeline(pipeline);
    for (const auto& [name, reader] : readers_) check_dead_letters(name, reader);
    for (const PipelineSpec& pipeline : pipelines_) {
      check_keys(pipeline);
      check_targets(pipeline);
    }
    if (errors_.empty()) return {};
    return Error{ErrorCode::invalid_argument, errors_};
  }

 private:
  struct Reader {
    std::string place;
    const StageSpec* stage;
  };
  struct Mention {
    std::string place;
    std::string type;
  };

  void report(const std::string& place, const std::string& what) {
    if (!errors_.empty()) errors_ += '\n';
    errors_ += place + ": " + what;
  }

  void check_name(const std::string& place, const std::string& what, const std::string& name) {
    if (is_name(name)) return;
    report(place, what + ": expected 1 to 100 characters of [a-z0-9._-], got \"" + name + "\"");
  }

  template <class T>
  void check_range(const std::string& place, const std::string& what, T value, T min, T max) {
    if (value >= min && value <= max) return;
    report(place, what + ": expected " + std::to_string(min) + " to " + std::to_string(max) +
                      ", got " + std::to_string(value));
  }

  void check_span(const std::string& place, const std::string& what, microseconds value,
                  microseconds min, microseconds max) {
    if (value >= min && value <= max) return;
    report(place, what + ": expected " + std::to_string(min.count()) + "us to " +
                      std::to_string(max.count()) + "us, got " + std::to_string(value.count()) +
                      "us");
  }

  void check_pipeline(const PipelineSpec& pipeline) {
    const std::string place = "pipeline " + pipeline.name;
    check_name(place, "name", pipeline.name);
    if (!pipeline_names_.insert(pipeline.name).second) {
      report(place, "name: expected a unique name, but another pipeline has it");
    }
    if (pipeline.stages.empty()) report(place, "stages: expected at least one, got none");
    std::set<std::string> names;
    for (const StageSpec& stage : pipeline.stages) {
      const std::string where = place + ", stage " + stage.name;
      check_name(where, "name", stage.name);
      if (!names.insert(stage.name).second) {
        report(where, "name: expected a unique name, but another stage of the pipeline has it");
      }
      check_stage(where, stage);
      check_options(where, stage.options);
    }
  }

  void check_stage(const std::string& place, const StageSpec& stage) {
    if (!stage.make && !stage.make_async && !stage.is_external && !stage.is_answer) {
      report(place, "handler: expected one, got none");
    }
    check_queue(place, "source", stage.source);
    const auto [reader, is_first] = readers_.try_emplace(stage.source.name, Reader{place, &stage});
    if (!is_first) {
      report(place, "source: expected queue " + stage.source.name +
                        " to be read by one stage, but " + reader->second.place + " reads it too");
    }
    std::set<std::string> seen;
    for (const QueueSpec& target : stage.targets) {
      check_queue(place, "target", target);
      if (!seen.insert(target.name).second) {
        report(place, "target: expected each queue once, got " + target.name + " again");
      }
    }
    if (stage.keeps_state && !stage.is_keyed) {
      report(place, "source: expected a key, as the stage keeps state by key; give queue " +
                        stage.source.name + " a .key_by(...)");
    }
    const std::string dead_letter = dead_letter_queue(stage);
    check_name(place, "dead_letter", dead_letter);
    if (!stage.options.was.empty()) check_name(place, "was", stage.options.was);
  }

  void check_queue(const std::string& place, const std::string& what, const QueueSpec& queue) {
    check_name(place, what, queue.name);
    const auto [mention, is_new] = queues_.try_emplace(queue.name, Mention{place, queue.type});
    if (is_new || mention->second.type == queue.type) return;
    report(place, what + ": expected queue " + queue.name + " to carry " + mention->second.type +
                      " as in " + mention->second.place + ", got " + queue.type);
  }

  void check_options(const std::string& place, const StageOptions& options) {
    check_range(place, "workers", options.workers, 1U, 1000U);
    check_range(place, "retry.attempts", options.retry.attempts, 0U, 1001U);
    check_span(place, "retry.max", options.retry.max, microseconds(0), span_max);
    check_span(place, "retry.first", options.retry.first, microseconds(0),
               std::max(options.retry.max, microseconds(0)));
    check_breaker(place, options.breaker);
    check_range(place, "batch.max", options.batch.max, 1U, 10'000U);
    check_span(place, "timeout", options.timeout, microseconds(1000), span_max);
    check_range(place, "in_progress", options.in_progress, 1U, 10'000U);
    check_span(place, "batch.window", options.batch.window, microseconds(0),
               std::max(options.timeout, microseconds(0)));
  }

  void check_breaker(const std::string& place, const BreakerOptions& breaker) {
    constexpr microseconds hour = std::chrono::hours(1);
    check_range(place, "breaker.failures", breaker.failures_percent, 0U, 100U);
    check_range(place, "breaker.outcomes", breaker.outcomes_min, 1U, 1'000'000U);
    check_span(place, "breaker.window", breaker.window, std::chrono::seconds(1), hour);
    check_span(place, "breaker.probe_max", breaker.probe_max, std::chrono::milliseconds(1), hour);
    check_span(place, "breaker.probe_first", breaker.probe_first, std::chrono::milliseconds(1),
               std::max(breaker.probe_max, microseconds(0)));
  }

  /// Following dead letter queues must end: a dead letter must not be handled for ever.
  void check_dead_letters(const std::string& name, const Reader& reader) {
    const std::string dead_letters = dead_letter_queue(*reader.stage);
    const auto mention = queues_.find(dead_letters);
    if (mention != queues_.end() && mention->second.type != reader.stage->source.type) {
      report(reader.place, "dead_letter: expected queue " + dead_letters + " to carry " +
                               reader.stage->source.type + ", but " + mention->second.place +
                               " declares " + mention->second.type);
    }
    if (is_circular(name)) {
      report(reader.place, "dead_letter: expected a queue where messages may stay, but " +
                               dead_letters + " leads back to " + name);
    }
  }

  [[nodiscard]] bool is_circular(const std::string& start) const {
    std::string at = start;
    for (std::size_t steps = 0; steps <= readers_.size(); ++steps) {
      const auto reader = readers_.find(at);
      if (reader == readers_.end()) return false;
      at = dead_letter_queue(*reader->second.stage);
      if (at == start) return true;
    }
    return false;
  }

  /// A dead letter queue exists at every node, and no outbox leads to it, so no stage may write to
  /// it.
  void check_targets(const PipelineSpec& pipeline) {
    for (const StageSpec& stage : pipeline.stages) {
      for (const QueueSpec& target : stage.targets) {
        for (const auto& [name, reader] : readers_) {
          if (dead_letter_queue(*reader.stage) != target.name) continue;
          report("pipeline " + pipeline.name + ", stage " + stage.name,
                 "target: expected a queue that takes no dead letters, but " + target.name +
                     " takes those of " + reader.place);
        }
      }
    }
  }

  /// A writer without key_by would append its input's key to a queue whose reader uses another key.
  void check_keys(const PipelineSpec& pipeline) {
    for (const StageSpec& stage : pipeline.stages) {
      for (const QueueSpec& target : stage.targets) {
        const auto reader = readers_.find(target.name);
        if (reader == readers_.end() || !reader->second.stage->source.key_of || target.key_of) {
          continue;
        }
        report("pipeline " + pipeline.name + ", stage " + stage.name,
               "target: expected queue " + target.name + " with the key that " +
                   reader->second.place + " gives it, got it without; name it with .key_by(...)");
      }
    }
  }

  std::span<const PipelineSpec> pipelines_;
  std::string errors_;
  std::set<std::string> pipeline_names_;
  std::map<std::string, Mention> queues_;
  std::map<std::string, Reader> readers_;  ///< by the queue that they read
};

}  // namespace

bool is_name(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 100 && std::all_of(text.begin(), text.end(), allowed);
}

Result<void> validate(std::span<const PipelineSpec> pipelines) {
  return Validator(pipelines).run();
}

}  // namespace millrace
