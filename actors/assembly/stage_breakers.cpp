#include "actors/assembly/stage_breakers.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace millrace {
namespace {

using Phase = queues::Breaker::Phase;

void log_change(const std::string& stage, const queues::BreakerView& before,
                const queues::BreakerView& after) {
  if (before.phase == Phase::closed && after.phase == Phase::open) {
    spdlog::warn(
        "stage {}: most of its messages fail; its breaker is open: one message at a time is tried, "
        "and failures do not count",
        stage);
  } else if (before.phase != Phase::closed && after.phase == Phase::closed) {
    spdlog::info("stage {}: its messages are handled again, its breaker is closed", stage);
  }
}

}  // namespace

StageBreakers::StageBreakers(const NodePlan& plan,
                             std::function<void(const std::string& queue)> wake)
    : wake_(std::move(wake)) {
  for (const StagePlan& stage : plan.stages) add(stage);
}

void StageBreakers::add(const StagePlan& stage) {
  const BreakerOptions& options = stage.spec->options.breaker;
  if (options.failures_percent == 0) return;
  const std::string& queue = stage.spec->source.name;
  by_queue_.emplace(
      queue, std::make_shared<queues::StageBreaker>(
                 options, [name = stage.pipeline + "." + stage.spec->name, queue, wake = wake_](
                              const queues::BreakerView& before, const queues::BreakerView& after) {
                   log_change(name, before, after);
                   wake(queue);
                 }));
}

std::shared_ptr<queues::StageBreaker> StageBreakers::of(const std::string& queue) const {
  const auto found = by_queue_.find(queue);
  return found == by_queue_.end() ? nullptr : found->second;
}

void StageBreakers::recovered(const queues::State& state, SteadyUs now_us) const {
  const TimeUs since_us = state.durable.breaker_open_since_us;
  const auto breaker = of(state.name);
  if (since_us != 0 && breaker && !state.is_outbox) breaker->open_again(since_us, now_us);
}

StageCounts::Breaker StageBreakers::view(const std::string& queue) const {
  const auto breaker = of(queue);
  if (!breaker) return {};
  const queues::BreakerView view = breaker->view();
  StageCounts::Breaker out{
      .open_since_us = view.open_since_us, .trips = view.trips, .probes = view.probes};
  switch (view.phase) {
    case Phase::closed:
      out.phase = StageCounts::Breaker::Phase::closed;
      break;
    case Phase::open:
      out.phase = StageCounts::Breaker::Phase::open;
      break;
    case Phase::recovering:
      out.phase = StageCounts::Breaker::Phase::recovering;
      break;
  }
  return out;
}

}  // namespace millrace
