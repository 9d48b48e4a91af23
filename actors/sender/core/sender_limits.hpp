// The limits of a sender.
#pragma once

#include <cstdint>

#include "actors/base/time.hpp"

namespace millrace::senders {

struct Limits {
  std::uint32_t window = 1'024;              ///< sent and unsettled messages of one stream
  std::uint64_t window_bytes = 64ull << 20;  ///< payloads and keys that a sender holds unsettled
  std::uint32_t batch_messages = 256;        ///< messages of one offer
  std::uint32_t batch_bytes = 1u << 20;      ///< bytes of one offer; one message may be larger
  /// Unanswered offers of one stream. Above, messages gather until they fill a batch or an answer
  /// comes, so batches grow with the load and no timer is needed.
  std::uint32_t offers = 2;
  DurationUs resend_first_us = 2'000'000;  ///< wait for an answer; doubles, and varies by 20 %
  DurationUs resend_max_us = 30'000'000;
};

}  // namespace millrace::senders
