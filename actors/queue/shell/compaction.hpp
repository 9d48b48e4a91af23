// Compaction: a CompactionRun carried out. One step at a time is under way: bodies are read, or
// their record is on its way into the log. A part of the queue's shell.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>

#include "actors/queue/decide/compaction_run.hpp"
#include "actors/queue/shell/queue_messages.hpp"

namespace millrace::queues {

class Compaction {
 public:
  struct Surroundings {
    const State* state = nullptr;  ///< outlives the compaction
    caf::actor reader;
    caf::strong_actor_ptr queue;
    std::function<void(Decision)> propose;
  };

  explicit Compaction(Surroundings surroundings) : surroundings_(std::move(surroundings)) {}

  void begin(const CompactMessage& m);

  /// The step before is durable, or had nothing to log.
  void step();

  /// The bodies of the step, as far as they could be read.
  void read(std::span<const RelocatedBody> bodies, TimeUs now_us);

 private:
  struct Run {
    CompactionRun run;
    std::shared_ptr<std::function<void()>> done;
  };

  /// A node that stops compacts no more, and a queue that is being copied stays where it lies.
  [[nodiscard]] bool is_over() const;

  Surroundings surroundings_;
  std::optional<Run> run_;
};

}  // namespace millrace::queues
