// RefusalLog: connections that were refused, told in at most one line a second, so that whoever
// knocks on the port cannot fill the log.
#pragma once

#include <cstdint>

#include <spdlog/spdlog.h>

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

class RefusalLog {
 public:
  void refused(const Error& why, TimeUs now_us) {
    ++untold_;
    if (told_us_ != 0 && now_us - told_us_ < 1'000'000) return;
    spdlog::warn("transport: refused {} connection(s), the last: {}: {}", untold_,
                 to_string(why.code), why.message);
    told_us_ = now_us;
    untold_ = 0;
  }

 private:
  std::uint64_t untold_ = 0;
  TimeUs told_us_ = 0;
};

}  // namespace millrace::transport
