// Admission: refuses requests that could not be answered before their deadline.
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

/// Tracks unanswered requests and estimates when another one would be answered: after all of equal
/// or higher priority, in full batches. Thread-safe.
class Admission {
 public:
  struct Options {
    std::size_t pending_max = 2'000;  ///< maximum unanswered requests
    std::size_t batch_max = 1;        ///< requests per batch of the model
    CostModel cost{};
  };

  struct Candidate {
    std::uint64_t id = 0;
    int priority = 4;          ///< 0 to 9
    TimeUs expires_at_us = 0;  ///< 0: no deadline
  };

  explicit Admission(Options options) : options_(options) {}

  /// Admits the request and returns an empty string, or returns the reason of a refusal. A request
  /// that is already pending (a retry of the stage) is admitted again.
  [[nodiscard]] std::string refuse(const Candidate& candidate, TimeUs now_us);

  /// The request is answered. Does nothing if it is not pending.
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
