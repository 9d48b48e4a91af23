// PatientSink: writes log lines to a descriptor, on the thread of the log's queue, and never waits in
// a write: it waits until the descriptor takes a piece, and gives the line up when told so.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

namespace millrace::serve {

/// One thread logs; any thread may call the functions below.
class PatientSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  explicit PatientSink(int descriptor) : descriptor_(descriptor) {}

  /// From `when` on, a line that cannot be written at once is dropped.
  void give_up_at(std::chrono::steady_clock::time_point when);

  /// How often a flush was reached.
  [[nodiscard]] std::uint64_t flushes() const;

  /// Waits until flushes() differs from `before`; false after `within`.
  bool wait_for_flush(std::uint64_t before, std::chrono::milliseconds within) const;

  /// Lines that were given up.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override;
  [[nodiscard]] bool wait_until_writable() const;
  [[nodiscard]] bool is_given_up() const;

  const int descriptor_;
  mutable std::mutex mutex_;  ///< guards the fields below
  mutable std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
  std::uint64_t dropped_ = 0;
  std::chrono::steady_clock::time_point give_up_at_ = std::chrono::steady_clock::time_point::max();
};

}  // namespace millrace::serve
