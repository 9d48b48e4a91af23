// Interruption: SIGINT and SIGTERM as something to ask for, so that a run can clean up behind it.
#pragma once

namespace millrace::simulate {

/// From now on the first SIGINT or SIGTERM is only noted. A second one ends the process at once.
void note_interruptions();

/// The signal that was noted; 0: none.
[[nodiscard]] int interruption();

}  // namespace millrace::simulate
