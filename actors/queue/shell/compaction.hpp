// Compaction: runs a CompactionRun for the queue's actor, one step at a time. A step is either
// reading bodies, or has its record in flight. Part of the queue's shell; runs on its thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>

#include <caf/actor.hpp>

#include "actors/queue/decide/decide_relocation.hpp"
#include "actors/queue/shell/queue_handle.hpp"

namespace millrace::queues {

class Compaction {
 public:
  /// `state` and `queue` outlive the compaction. `reader` answers ReadMessage.
  Compaction(const State& state, caf::actor reader, QueueHandle::pointer queue)
      : state_(state), reader_(std::move(reader)), queue_(queue) {}

  /// Starts a compaction. REQUIRES: none runs.
  void begin(const CompactMessage& m);

  /// Begins the next step, or ends the compaction: the previous step is durable, or had nothing to
  /// log. Without effect when no compaction runs.
  void step();

  /// Continues the step with the bodies that could be read, and returns what to propose; step()
  /// follows when that is durable. Null record: step() follows at once.
  [[nodiscard]] Decision relocate(std::span<const RelocatedBody> bodies, TimeUs now_us);

 private:
  struct Run {
    CompactionRun run;
    std::shared_ptr<std::function<void()>> done;
  };

  // A queue that drains or moves is not compacted further.
  [[nodiscard]] bool has_ended() const;

  const State& state_;
  caf::actor reader_;
  QueueHandle::pointer queue_;
  std::optional<Run> run_;
};

}  // namespace millrace::queues
