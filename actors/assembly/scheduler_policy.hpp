// How the threads of the scheduler share the work. A file of its own, because the configuration
// names the policy and may include nothing else of the runtime.
#pragma once

#include <cstdint>

namespace millrace {

enum class SchedulerPolicy : std::uint8_t {
  sharing,   ///< all threads take actors from one line; no CPU when idle
  stealing,  ///< each thread has a line and steals from the others when it is empty
};

}  // namespace millrace
