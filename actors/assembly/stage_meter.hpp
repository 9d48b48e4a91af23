// StageMeter: counts the results and durations of one stage, over all its workers.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "actors/assembly/stage_counts.hpp"
#include "actors/assembly/stage_failure.hpp"
#include "actors/base/duration_counts.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace {

/// Thread-safe, without a lock: workers count at once.
class StageMeter : public receivers::StageObserver {
 public:
  StageMeter(std::string pipeline, std::string stage, bool ends_pipeline)
      : pipeline_(std::move(pipeline)), stage_(std::move(stage)), ends_pipeline_(ends_pipeline) {}

  /// Who is told of failures; empty: nobody. Before the stage runs.
  void set_on_failure(OnStageFailure on_failure) { on_failure_ = std::move(on_failure); }

  void on_results(const StageRun& run, Now started, Now ended) override;
  void on_overrun(std::size_t messages) override;

  /// Not a consistent cut: counts are read one after the other while workers count.
  [[nodiscard]] StageCounts counts() const;

 private:
  using Count = std::atomic<std::uint64_t>;

  void tell(StageFailure::Kind kind, const StageInput& input, const StageResult& result) const;

  const std::string pipeline_;
  const std::string stage_;
  const bool ends_pipeline_;
  OnStageFailure on_failure_;
  Count acked_ = 0;
  Count retried_ = 0;
  Count rejected_ = 0;
  Count failed_ = 0;
  Count postponed_ = 0;
  Count overran_ = 0;
  DurationCounts wait_;
  DurationCounts run_;
  DurationCounts end_to_end_;
};

}  // namespace millrace
