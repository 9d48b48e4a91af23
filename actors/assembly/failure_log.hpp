// FailureLog: writes handlings that did not succeed to the log, so that it says which message of which
// stage, and why. A stage all of whose messages fail fills no disk: it writes a line a second.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "actors/assembly/stage_failure.hpp"
#include "actors/base/clock.hpp"
#include "actors/base/time.hpp"

namespace millrace {

/// Which failures get a line. Pure.
class FailureLines {
 public:
  /// Time between two lines of a stage, at least.
  static constexpr DurationUs pause_us = 1'000'000;

  /// Returns how many failures of the stage had no line since its last one; nullopt: this one has none.
  [[nodiscard]] std::optional<std::uint64_t> note(std::string_view stage, SteadyUs now_us);

 private:
  struct Stage {
    SteadyUs next_us = 0;  ///< when the next line may be written
    std::uint64_t left_out = 0;
  };
  std::map<std::string, Stage, std::less<>> stages_;
};

/// Thread-safe.
class FailureLog {
 public:
  void note(const StageFailure& failure, SteadyUs now_us);

 private:
  std::mutex mutex_;
  FailureLines lines_;
};

/// Returns a function that logs a failure, and then passes it to `then`, which may be empty. What
/// `then` throws is logged. `clock` outlives it.
[[nodiscard]] OnStageFailure log_failures(const Clock& clock, OnStageFailure then);

}  // namespace millrace
