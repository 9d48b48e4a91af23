// Admission: refuses early what could only be answered too late.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>

#include "actors/base/time.hpp"
#include "apps/inference/model.hpp"

namespace millrace::inference {

/// Knows which admitted requests are unanswered, and so about when one more would be answered:
/// after those of its own priority and above, in full batches. Safe for any thread.
class Admission {
 public:
  struct Options {
    std::size_t pending_max = 2'000;  ///< unanswered requests; beyond it nothing is admitted
    std::size_t batch_max = 1;        ///< requests that the model answers at once
    CostModel cost{};
  };

  struct Candidate {
    std::uint64_t id = 0;
    int priority = 4;          ///< 0 to 9
    TimeUs expires_at_us = 0;  ///< 0: it can wait for ever
  };

  explicit Admission(Options options) : options_(options) {}

  /// Empty: admitted, and pending from here on. Else why not. A request that is pending already,
  /// because the stage runs again after a failure, is admitted again.
  [[nodiscard]] std::string refuse(const Candidate& candidate, TimeUs now_us);

  /// The request is answered, whichever way. One that is not pending is no error.
  void finish(std::uint64_t id);

  [[nodiscard]] std::size_t pending() const;

 private:
  [[nodiscard]] std::chrono::microseconds expected_wait(int priority) const;

  const Options options_;
  mutable std::mutex mutex_;
  std::unordered_map<std::uint64_t, int> pending_;  ///< priority by id
  std::array<std::size_t, 10> pending_by_priority_{};
};

}  // namespace millrace::inference
