// Pause: why and for how long a queue, or one of its keys, is not leased.
#pragma once

#include <cstddef>
#include <string>

#include "actors/base/time.hpp"

namespace millrace::queues {

/// Bounds, for each queue and shard.
constexpr std::size_t paused_keys_max = 256;
constexpr std::size_t paused_key_bytes_max = 4096;
constexpr std::size_t pause_reason_bytes_max = 1024;
constexpr std::size_t pause_by_bytes_max = 256;

struct Pause {
  TimeUs since_us = 0;  ///< wall clock
  TimeUs until_us = 0;  ///< resumed then; 0: only by an operator
  DurationUs for_us =
      0;  ///< the duration that until_us was computed from; 0: it was given as a date
  std::string reason{};
  std::string by{};  ///< who paused it

  friend bool operator==(const Pause&, const Pause&) = default;
};

/// What an operator asks for.
struct PauseCommand {
  std::string key{};      ///< empty: the queue as a whole
  bool resumes = false;   ///< then the rest is not used
  TimeUs until_us = 0;    ///< 0: until it is resumed; else after the present
  DurationUs for_us = 0;  ///< > 0: `until_us` is not used
  std::string reason{};
  std::string by{};
};

}  // namespace millrace::queues
