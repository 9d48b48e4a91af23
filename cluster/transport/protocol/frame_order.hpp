// The numbers of frames on one link, from 1 and without a gap, as their receiver sees them. Pure.
#pragma once

#include <cstdint>

namespace millrace::transport {

class FrameOrder {
 public:
  enum class Verdict {
    next,    ///< deliver it
    repeat,  ///< seen before; drop it
    gap,     ///< something before it is lost; the link must end
  };

  Verdict judge(std::uint64_t sequence) {
    if (sequence <= last_) return Verdict::repeat;
    if (sequence != last_ + 1) return Verdict::gap;
    last_ = sequence;
    return Verdict::next;
  }

 private:
  std::uint64_t last_ = 0;
};

}  // namespace millrace::transport
