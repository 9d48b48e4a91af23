// LoadTally: counts what one client of a load does.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string_view>

#include "actors/base/time.hpp"
#include "apps/bench/load/load_options.hpp"
#include "apps/bench/load/seen_messages.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// Thread-safe: the client counts, and the thread that runs the load reads.
class LoadTally {
 public:
  /// `seen` is shared by all clients of the load, and outlives the tally.
  explicit LoadTally(SeenMessages& seen) : seen_(seen) {}

  /// A request was answered after `latency_us`; it confirms or acknowledges these messages.
  void answered(std::size_t messages, std::size_t payload_bytes, DurationUs latency_us);
  /// A request is sent again.
  void retried(const Error& error);
  /// Messages are given up.
  void refused(std::size_t messages, const Error& error);
  /// A payload was received, and is acknowledged. Counts no message: answered() does.
  void received(std::string_view payload, TimeUs now_us);

  /// Adds what was counted to `sum`, but for its time. Returns when a message was last confirmed or acknowledged.
  std::chrono::steady_clock::time_point add_to(LoadFigures& sum) const;

 private:
  SeenMessages& seen_;
  mutable std::mutex mutex_;
  LoadFigures figures_{};
  std::chrono::steady_clock::time_point moved_at_{};
};

}  // namespace millrace::bench
