#include "actors/assembly/stage_meter.hpp"

#include <algorithm>
#include <chrono>

namespace millrace {
namespace {

void add(DurationCounts& counts, TimeUs from_us, TimeUs to_us) {
  counts.add(std::chrono::microseconds(std::max<DurationUs>(to_us - from_us, 0)));
}

DurationBuckets buckets_of(const DurationCounts& counts) {
  return {counts.buckets(), counts.sum_us()};
}

}  // namespace

void StageMeter::on_results(const StageRun& run, Now started, Now ended) {
  constexpr auto relaxed = std::memory_order_relaxed;
  for (std::size_t i = 0; i < run.results.size() && i < run.inputs.size(); ++i) {
    const StageInput& input = run.inputs[i];
    const StageResult& result = run.results[i];
    switch (result.kind) {
      case StageResult::Kind::not_run:
        continue;
      case StageResult::Kind::acked:
        acked_.fetch_add(1, relaxed);
        if (ends_pipeline_) add(end_to_end_, input.envelope->born_at_us(), ended.wall_us);
        break;
      case StageResult::Kind::retry:
        retried_.fetch_add(1, relaxed);
        tell(StageFailure::Kind::retried, input, result);
        break;
      case StageResult::Kind::rejected:
        rejected_.fetch_add(1, relaxed);
        tell(StageFailure::Kind::rejected, input, result);
        break;
      case StageResult::Kind::failed:
        failed_.fetch_add(1, relaxed);
        tell(StageFailure::Kind::failed, input, result);
        break;
      case StageResult::Kind::postponed:
        postponed_.fetch_add(1, relaxed);
        break;
    }
    const TimeUs waits_since_us = input.waits_since_us;
    if (waits_since_us != 0) add(wait_, waits_since_us, started.wall_us);
    add(run_, started.steady_us, ended.steady_us);
  }
}

void StageMeter::tell(StageFailure::Kind kind, const StageInput& input,
                      const StageResult& result) const {
  if (!on_failure_) return;
  const Context::Facts& facts = input.context.facts();
  on_failure_({.kind = kind,
               .pipeline = pipeline_,
               .stage = stage_,
               .key = facts.key,
               .id = facts.id,
               .sequence = facts.sequence,
               .failed = facts.failed,
               .reason = result.reason});
}

void StageMeter::on_overrun(std::size_t messages) {
  overran_.fetch_add(messages, std::memory_order_relaxed);
}

StageCounts StageMeter::counts() const {
  StageCounts counts;
  counts.pipeline = pipeline_;
  counts.stage = stage_;
  counts.acked = acked_.load(std::memory_order_relaxed);
  counts.retried = retried_.load(std::memory_order_relaxed);
  counts.rejected = rejected_.load(std::memory_order_relaxed);
  counts.failed = failed_.load(std::memory_order_relaxed);
  counts.postponed = postponed_.load(std::memory_order_relaxed);
  counts.overran = overran_.load(std::memory_order_relaxed);
  counts.wait = buckets_of(wait_);
  counts.run = buckets_of(run_);
  counts.ends_pipeline = ends_pipeline_;
  counts.end_to_end = buckets_of(end_to_end_);
  return counts;
}

}  // namespace millrace
