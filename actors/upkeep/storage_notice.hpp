// StorageNotice: decides when the log says that the disk is full, and that it has room again.
#pragma once

#include <chrono>
#include <optional>

namespace millrace {

/// Each begin that is said is followed by one end. A disk that fills up and gets room again within
/// seconds is said once a minute, not each time. Not thread-safe.
class StorageNotice {
 public:
  using Time = std::chrono::steady_clock::time_point;

  static constexpr std::chrono::minutes interval{1};

  /// The disk is full: called again and again while it is. Returns whether to say so now.
  [[nodiscard]] bool begins(Time now) {
    if (is_said_ || (said_at_ && now - *said_at_ < interval)) return false;
    is_said_ = true;
    said_at_ = now;
    return true;
  }

  /// The disk has room. Returns whether to say so now.
  [[nodiscard]] bool ends() {
    const bool was_said = is_said_;
    is_said_ = false;
    return was_said;
  }

 private:
  bool is_said_ = false;
  std::optional<Time> said_at_{};
};

}  // namespace millrace
