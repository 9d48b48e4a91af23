// The identity of a process, as it calls itself in the table of seats.
#pragma once

#include <string>

namespace millrace::cluster {

/// The identity of this process: the boot of its machine, its pid namespace, its pid and when it was
/// started. No other process has the same. Empty if /proc does not tell.
[[nodiscard]] std::string own_process();

/// Whether the process with this identity ran on this machine, in this pid namespace and since its boot,
/// and has ended. False of any other process: nobody here knows. Reads /proc.
[[nodiscard]] bool has_ended(const std::string& process);

}  // namespace millrace::cluster
