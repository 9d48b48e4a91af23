// Why a message waits: what holds it back now, first what must end first.
#pragma once

#include <vector>

#include "actors/queue/state/queue_state.hpp"
#include "actors/queue/state/wait_reason.hpp"

namespace millrace::queues {

/// Empty: there is no such message, or the number is that of a message with another id. Looks at one message and at the head of its key; costs no more.
[[nodiscard]] std::vector<WaitReason> explain(const State& state, Sequence sequence, MessageId id,
                                              Now now);

}  // namespace millrace::queues
