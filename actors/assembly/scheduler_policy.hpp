// How the threads of the scheduler share the work.
#pragma once

#include <cstdint>

namespace millrace {

enum class SchedulerPolicy : std::uint8_t {
  sharing,   ///< from one line of actors; costs nothing when idle
  stealing,  ///< each from its own line, then from those of others
};

}  // namespace millrace
