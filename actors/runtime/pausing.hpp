// Pausing the queues of a node, for Runtime::pause().
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/decide/pausing.hpp"
#include "messages/result.hpp"

namespace millrace {

/// As Runtime::pause(); waits for at most `within`.
[[nodiscard]] Result<std::uint32_t> pause_queue(ActorSystem& system, const NodeActors& actors,
                                                const std::string& queue,
                                                const queues::PauseCommand& command,
                                                std::chrono::milliseconds within);

}  // namespace millrace
