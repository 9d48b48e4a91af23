// WaitReason: one of the things that hold a message back.
#pragma once

#include <cstdint>
#include <string>

#include "actors/base/time.hpp"

namespace millrace::queues {

enum class WaitCause : std::uint8_t {
  leased,        ///< a receiver has it; `until_us`: the end of its lease
  settling,      ///< its outcome is being written to the log
  behind,        ///< `sequence` of its key is ahead; the causes of that follow
  delayed,       ///< not due; `until_us`: when it is; `failed` > 0: for a retry
  key_paused,    ///< with all of Pause
  queue_paused,  ///< with all of Pause
  breaker_open,  ///< most messages of its stage fail; `since_us`: since when it is not closed
  downstream,    ///< a queue that its stage writes to is above its high water
  moving,        ///< its shard is being moved to another node
  draining,      ///< the node stops
  no_room,       ///< the log has no room for what comes of handling it
  in_flight,     ///< as many messages of the queue are leased as may be
  alone,    ///< the process ended while it was handled: it is handled alone, when its turn comes
  loading,  ///< its body, or the state of its key, is being read from the disk
  nobody_asks,  ///< all who handle messages of the queue are busy, or there is none
  sending,      ///< of an outbox: the node that serves its shard has not confirmed it
  turn,         ///< it is ready; others are before it
};
[[nodiscard]] const char* to_string(WaitCause cause);

struct WaitReason {
  WaitCause cause = WaitCause::turn;
  TimeUs since_us = 0;  ///< wall clock; 0: not known
  TimeUs until_us = 0;  ///< wall clock; 0: it has no end of its own
  std::uint64_t sequence = 0;
  std::uint32_t failed = 0;
  std::string reason{};
  std::string by{};
};

}  // namespace millrace::queues
