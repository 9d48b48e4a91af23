// The bounds of calls between nodes.
#pragma once

#include <cstddef>

#include "actors/base/time.hpp"

namespace millrace::calls {

struct Limits {
  /// Bytes of a request, and of an answer: what a frame between nodes carries beside the name of the
  /// service. Beyond: `too_large`.
  std::size_t message_bytes_max = 16u << 20;
  /// Calls in flight for one peer, and requests of one peer that are being served. Beyond:
  /// `backlog_full`.
  std::size_t calls_max = 64;
  /// Bytes that wait for the link to one peer, and of requests of one peer that are being served; in
  /// each case one message may always. Beyond: `backlog_full`.
  std::size_t bytes_max = 32u << 20;
  /// Bytes, or one larger frame, that go to one peer within `burst_us`; the others wait. Calls share
  /// the window of the link (1 MiB) with offers, and leave most of it to them.
  std::size_t burst_bytes = 256u << 10;
  DurationUs burst_us = 10'000;
};

/// Bytes of the name of a service. Beyond, or none: `invalid_argument`.
constexpr std::size_t service_name_bytes_max = 256;

/// Bytes of the text of an error that travels; the rest is cut.
constexpr std::size_t error_text_bytes_max = 4096;

}  // namespace millrace::calls
