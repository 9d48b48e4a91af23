// Breaker: judges by the outcomes of a stage on one node whether its messages are to be handled.
//
//             most fail               a probe succeeds           enough succeed
//   closed ──────────────▶ open ─────────────────────▶ recovering ─────────────▶ closed
//                            ▲  one probe at a time        │ as many at a time as have succeeded
//                            └─────────────────────────────┘
//                                      most fail
//
// A probe is a message that is leased while the breaker is not closed. Pure: time and random bits arrive
// with each call.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "actors/base/time.hpp"
#include "actors/stage/stage_options.hpp"

namespace millrace::queues {

enum class ProbeResult : std::uint8_t {
  succeeded,
  failed,
  nothing,  ///< it says nothing of what the handler calls: given back, or its receiver has gone
};

class Breaker {
 public:
  enum class Phase : std::uint8_t { closed, open, recovering };

  /// Successes in a row of recovery after which the breaker closes.
  static constexpr std::uint32_t recovered_after = 32;

  explicit Breaker(const BreakerOptions& options) : options_(options) {}

  [[nodiscard]] Phase phase() const { return phase_; }
  [[nodiscard]] bool is_closed() const { return phase_ == Phase::closed; }
  /// Of the wall clock; 0: it is closed.
  [[nodiscard]] TimeUs open_since_us() const { return open_since_us_; }
  [[nodiscard]] std::uint64_t trips() const { return trips_; }
  [[nodiscard]] std::uint64_t probes() const { return probes_; }

  /// It was open before the process started: a probe is due at once.
  void open_again(TimeUs since_us, SteadyUs now_us);

  /// Outcomes of messages that were not leased as probes. Without effect unless closed. Returns
  /// whether the breaker has opened.
  bool handled(std::uint64_t succeeded, std::uint64_t failed, Now now, std::uint64_t jitter);

  /// How many of `wanted` messages may be leased now, as probes. They count as running until
  /// give_back() or ended(). REQUIRES: it is not closed.
  [[nodiscard]] std::uint32_t take(std::uint32_t wanted, SteadyUs now_us);
  /// `count` of what was taken was not leased.
  void give_back(std::uint32_t count) { running_ -= count; }
  /// A probe has ended. Also after the breaker has closed.
  void ended(ProbeResult result, SteadyUs now_us, std::uint64_t jitter);

  /// Whether take() would return more than 0.
  [[nodiscard]] bool has_room(SteadyUs now_us) const { return may_run(now_us) > running_; }

  /// When take() should be tried again, if nothing happens before; nullopt: it depends on probes that
  /// run.
  [[nodiscard]] std::optional<SteadyUs> next_us() const;

 private:
  static constexpr std::size_t slots = 10;
  struct Slot {
    SteadyUs begins_us = 0;
    std::uint64_t succeeded = 0;
    std::uint64_t failed = 0;
  };

  /// Probes at a time.
  [[nodiscard]] std::uint32_t may_run(SteadyUs now_us) const;
  [[nodiscard]] bool most_fail(std::uint64_t succeeded, std::uint64_t failed) const;
  void open(SteadyUs now_us, std::uint64_t jitter);
  void close();

  BreakerOptions options_;
  Phase phase_ = Phase::closed;
  std::array<Slot, slots> window_{};  ///< of the outcomes while closed
  TimeUs open_since_us_ = 0;
  SteadyUs probe_due_us_ = 0;    ///< while open
  DurationUs pause_us_ = 0;      ///< before the next probe
  std::uint32_t running_ = 0;    ///< probes
  std::uint32_t succeeded_ = 0;  ///< probes since the recovery began
  std::uint32_t failed_ = 0;     ///< as succeeded_
  std::uint64_t trips_ = 0;
  std::uint64_t probes_ = 0;
};

}  // namespace millrace::queues
