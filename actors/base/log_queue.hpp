// The log of the process, for code that uses it without setting it up. Lines go through a bounded
// queue to a thread that writes them, so that a stuck standard error stops no other thread; what the
// queue has no room for is dropped, the oldest first, and counted.
#pragma once

#include <cstdint>

namespace millrace {

struct LogQueue {
  void (*flush)() = nullptr;             ///< see flush_log()
  std::uint64_t (*dropped)() = nullptr;  ///< see log_lines_dropped()
};

/// Names the queue of this process. Thread-safe.
void set_log_queue(LogQueue queue);

/// Waits until the lines logged so far are written, for at most a second. Returns at once if the log
/// has no queue. To be called before the process ends otherwise than by return from main().
void flush_log();

/// Writes `text` to the standard error, unless that takes nothing for a second: for the last words of
/// a process that must end.
void write_last_words(const char* text);

/// Lines that were dropped since the process began.
[[nodiscard]] std::uint64_t log_lines_dropped();

}  // namespace millrace
