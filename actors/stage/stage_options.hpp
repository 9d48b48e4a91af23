// What a pipeline may say about one of its stages.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace millrace {

/// When a failed message is tried again, and when it is given up.
struct RetryOptions {
  std::uint32_t attempts = 6;                 ///< runs before the message is dead, 1 to 1000
  std::chrono::microseconds first{50'000};    ///< delay after the first failure, 0 to `max`
  std::chrono::microseconds max{60'000'000};  ///< the delay doubles up to this, at most 24 h
};

/// How a batch stage gathers: a batch runs when it has `max` messages, or when its oldest has
/// waited for `window`.
struct BatchOptions {
  std::uint32_t max = 1;                ///< messages, 1 to 10,000
  std::chrono::microseconds window{0};  ///< up to `timeout`; 0: take what is there
};

/// Options of a stage. Every field has a default; see docs/ARCHITECTURE.md, Limits.
struct StageOptions {
  std::uint32_t workers = 1;  ///< receivers that run the stage at the same time, 1 to 1000
  RetryOptions retry{};
  BatchOptions batch{};
  std::chrono::microseconds timeout{
      30'000'000};            ///< lease, 1 ms to 24 h: a handler must end with a message within it
  std::string dead_letter{};  ///< queue of the given up; empty: "<queue>.dead"
  bool blocking = false;      ///< the handler may block: its workers get threads of their own
};

}  // namespace millrace
