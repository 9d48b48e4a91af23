// How much may be in flight on a link. Both sides count the same charges; the sender keeps to the
// window, and the receiver ends a link whose sender does not. Pure.
#pragma once

#include <algorithm>
#include <cstddef>

namespace millrace::transport {

/// What a frame counts for beyond its bytes, so that empty frames are bounded as well.
inline constexpr std::size_t frame_overhead_bytes = 64;

[[nodiscard]] constexpr std::size_t charge_of(std::size_t bytes) {
  return bytes + frame_overhead_bytes;
}

class Window {
 public:
  explicit Window(std::size_t limit) : limit_(limit) {}

  /// A frame larger than the window is let through when nothing else is in flight.
  [[nodiscard]] bool has_room(std::size_t charge) const {
    return used_ == 0 || used_ + charge <= limit_;
  }
  void take(std::size_t charge) { used_ += charge; }
  void give_back(std::size_t charge) { used_ -= std::min(charge, used_); }
  /// A new link, on which `used` of the window is taken from the beginning.
  void reset(std::size_t used) { used_ = used; }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
};

}  // namespace millrace::transport
