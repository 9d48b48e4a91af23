// Callers: simulated callers that wait for answers, and their statistics.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/base/latency_histogram.hpp"
#include "actors/base/time.hpp"
#include "apps/inference/inference.pb.h"

namespace millrace::inference {

/// Statistics of the callers of one tenant.
struct CallerFigures {
  std::uint64_t asked = 0;
  std::uint64_t turned_away = 0;              ///< refused by the queue, never accepted
  std::array<std::uint64_t, 5> by_verdict{};  ///< answers, by Verdict
  std::uint64_t in_time = 0;                  ///< ANSWERED before the deadline
  LatencyHistogram waited{};                  ///< of the ANSWERED, until their batch began
  LatencyHistogram total{};                   ///< of the ANSWERED, until the caller had the answer

  [[nodiscard]] std::uint64_t count(Verdict verdict) const {
    return by_verdict.at(static_cast<std::size_t>(verdict));
  }
  void merge(const CallerFigures& other);
};

/// Matches answers to callers. Thread-safe.
class Callers {
 public:
  explicit Callers(std::size_t tenants) : figures_(tenants) {}

  /// Registers a request of `tenant` (by number) with the deadline `deadline_us`.
  void ask(std::size_t tenant, const Request& request, TimeUs now_us, TimeUs deadline_us);

  /// The request was refused: its caller no longer waits.
  void turn_away(std::uint64_t id);

  /// Delivers `answer` to its caller. Ignores an answer without a waiting caller: a duplicate.
  void answer(const Answer& answer, TimeUs now_us);

  /// Blocks until all callers have an answer, at most for `timeout`. Returns the number without.
  [[nodiscard]] std::size_t wait_for_all(std::chrono::milliseconds timeout);

  [[nodiscard]] std::vector<CallerFigures> figures() const;

  /// Number of answers that do not match the prompt of their caller.
  [[nodiscard]] std::uint64_t mismatched() const;

 private:
  struct Waiting {
    std::size_t tenant = 0;
    TimeUs asked_at_us = 0;
    TimeUs deadline_us = 0;
    std::string prompt;
  };

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_map<std::uint64_t, Waiting> waiting_;
  std::vector<CallerFigures> figures_;
  std::uint64_t mismatched_ = 0;
};

}  // namespace millrace::inference
