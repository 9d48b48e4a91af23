// Interruption: records SIGINT and SIGTERM, so that a run can clean up before it ends.
#pragma once

namespace millrace::simulate {

/// Installs the handlers: the first SIGINT or SIGTERM is recorded; a second one ends the process.
void note_interruptions();

/// The recorded signal, or 0. Thread-safe.
[[nodiscard]] int interruption();

}  // namespace millrace::simulate
