// await_rest(): waits for the queues of a node that stops.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_messages.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Returns how many queues drained before `deadline` or have ended.
inline std::size_t await_rest(ActorSystem& system, const std::vector<queues::QueueHandle>& queues,
                              std::chrono::steady_clock::time_point deadline) {
  const auto left = std::max(std::chrono::duration_cast<std::chrono::milliseconds>(
                                 deadline - std::chrono::steady_clock::now()),
                             std::chrono::milliseconds(1));
  const auto answers = ask_all<queues::QueueStatus>(system, queues, queues::DrainMessage{}, left);
  return static_cast<std::size_t>(
      std::count_if(answers.begin(), answers.end(), [](const Result<queues::QueueStatus>& answer) {
        return answer || answer.error().code != ErrorCode::timeout;
      }));
}

}  // namespace millrace
