// StageOptions: workers, retries, batches and lease of one stage. validate() checks the ranges.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace millrace {

/// When a failed message is handled again, and when it becomes a dead letter. A failure is a
/// handler that throws or returns Retry, unless by Retry::later(), or an outcome that cannot be recorded.
struct RetryOptions {
  /// Failures after which the message is a dead letter; 1 to 1,001. 0: it is retried without end,
  /// so that an outage of what the handler calls empties no queue into its dead letters.
  std::uint32_t attempts = 0;
  std::chrono::microseconds first{100'000};   ///< delay after the first failure; 0 to `max`
  std::chrono::microseconds max{60'000'000};  ///< the delay doubles up to this; 0 to 24 h
};

/// When a worker of a batch stage calls the handler: with `max` messages, or as soon as the oldest
/// has waited for `window`.
struct BatchOptions {
  std::uint32_t max = 1;                ///< messages; 1 to 10,000
  std::chrono::microseconds window{0};  ///< 0 to StageOptions::timeout; 0: do not wait for more
};

/// When a stage stops handling messages because most of them fail: the breaker of the stage opens. Then
/// one message at a time is tried, with growing pauses, and failures count for nothing; the first success
/// lets more and more messages through, until the breaker is closed. Each node judges for itself.
/// After M. Nygard, "Release It!" (2018), "Circuit Breaker".
struct BreakerOptions {
  /// Share of failures within `window` that opens it, in percent; 1 to 100. 0: it never opens.
  std::uint32_t failures_percent = 50;
  std::uint32_t outcomes_min = 20;  ///< outcomes within `window` before it may open; 1 to 1,000,000
  std::chrono::microseconds window{30'000'000};  ///< 1 s to 1 h
  std::chrono::microseconds probe_first{
      500'000};  ///< pause before the first probe; 1 ms to `probe_max`
  std::chrono::microseconds probe_max{4'000'000};  ///< the pause doubles up to this; to 1 h
};

/// Options of a stage. The configuration of a node may override all of them but `blocking`.
struct StageOptions {
  std::uint32_t workers = 1;  ///< handlers that run at the same time on a node; 1 to 1,000
  RetryOptions retry{};
  BreakerOptions breaker{};
  BatchOptions batch{};
  /// The lease; 1 ms to 24 h. A handler that takes longer without Context::extend loses the
  /// message: its outcome is refused and the message is redelivered.
  std::chrono::microseconds timeout{30'000'000};
  /// Of a handler that returns Pending: handlings of each worker that wait for their outcome, at
  /// most; 1 to 10,000.
  std::uint32_t in_progress = 64;
  std::string dead_letter{};  ///< queue for dead letters; empty: "<source queue>.dead"
  /// The former name of the stage: its queues, which are named after it, are taken over with their
  /// messages, state and timers at the next start. Empty: it was not renamed.
  std::string was{};
  /// How long the state and history of a key are kept after its last change; then a message of the
  /// key finds none. 0: for ever. Needs keyed state on disk (`runtime.state_cache`).
  std::chrono::microseconds keep_state{0};
  bool blocking = false;  ///< the handler may block: each worker gets a thread of its own
};

}  // namespace millrace
