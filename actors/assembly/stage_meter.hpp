// StageMeter: counts what becomes of the messages of one stage, over all its workers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "actors/journal/write/journal_stats.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"

namespace millrace {

/// Durations as powers of two of microseconds: see journal::DurationCounts.
struct DurationBuckets {
  std::array<std::uint64_t, journal::DurationCounts::bucket_count> counts{};
  std::uint64_t sum_us = 0;
};

/// Of one stage, since the start of the node.
struct StageCounts {
  std::string pipeline;
  std::string stage;
  std::uint64_t acked = 0;
  std::uint64_t retried = 0;
  std::uint64_t rejected = 0;
  std::uint64_t failed = 0;
  /// From when a message could be handed out, which is when it was logged or its not_before came,
  /// until its handling first began; messages that had been handed out before are left out.
  DurationBuckets wait;
  DurationBuckets run;  ///< from when a message's handling began until it, and its batch, were done
  bool ends_pipeline = false;
  /// Of acked messages where the pipeline ends: since the first of their line of work was offered.
  DurationBuckets end_to_end;
};

/// Any number of workers count at once, without a lock.
class StageMeter : public receivers::StageObserver {
 public:
  StageMeter(std::string pipeline, std::string stage, bool ends_pipeline)
      : pipeline_(std::move(pipeline)), stage_(std::move(stage)), ends_pipeline_(ends_pipeline) {}

  void on_results(const StageRun& run, TimeUs started_us, TimeUs ended_us) override;

  /// Numbers are taken one after the other.
  [[nodiscard]] StageCounts counts() const;

 private:
  using Count = std::atomic<std::uint64_t>;

  const std::string pipeline_;
  const std::string stage_;
  const bool ends_pipeline_;
  Count acked_ = 0;
  Count retried_ = 0;
  Count rejected_ = 0;
  Count failed_ = 0;
  journal::DurationCounts wait_;
  journal::DurationCounts run_;
  journal::DurationCounts end_to_end_;
};

}  // namespace millrace
