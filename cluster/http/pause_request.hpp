// PauseRequest: what an operator pauses or resumes by name, and what was done.
#pragma once

#include <cstdint>
#include <string>

#include "actors/queue/state/pause.hpp"

namespace millrace::http {

/// Exactly one of the first four is set.
struct PauseRequest {
  std::string queue{};
  std::string stage{};             ///< "pipeline/stage": the queue that it reads
  std::string pipeline{};          ///< all its stages
  std::string role{};              ///< all stages with it
  queues::PauseCommand command{};  ///< its key only with `queue` or `stage`
};

/// A queue that was paused or resumed.
struct PausedQueue {
  std::string queue{};
  std::uint32_t shards = 0;  ///< that this node serves
};

}  // namespace millrace::http
