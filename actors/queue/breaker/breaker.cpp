#include "actors/queue/breaker/breaker.hpp"

#include <algorithm>

#include "actors/base/assert.hpp"

namespace millrace::queues {

void Breaker::open_again(TimeUs since_us, SteadyUs now_us) {
  if (options_.failures_percent == 0 || phase_ != Phase::closed) return;
  phase_ = Phase::open;
  open_since_us_ = since_us;
  pause_us_ = options_.probe_first.count();
  probe_due_us_ = now_us;
}

bool Breaker::most_fail(std::uint64_t succeeded, std::uint64_t failed) const {
  return failed > 0 && failed * 100 >= (succeeded + failed) * options_.failures_percent;
}

bool Breaker::handled(std::uint64_t succeeded, std::uint64_t failed, Now now,
                      std::uint64_t jitter) {
  if (phase_ != Phase::closed || options_.failures_percent == 0) return false;
  const DurationUs width_us = std::max<DurationUs>(options_.window.count() / slots, 1);
  const std::int64_t number = now.steady_us / width_us;
  Slot& slot = window_[static_cast<std::size_t>(number) % slots];
  if (slot.begins_us != number * width_us) slot = {.begins_us = number * width_us};
  slot.succeeded += succeeded;
  slot.failed += failed;
  if (failed == 0) return false;
  std::uint64_t all_succeeded = 0;
  std::uint64_t all_failed = 0;
  for (const Slot& one : window_) {
    if (one.begins_us <= now.steady_us - options_.window.count()) continue;
    all_succeeded += one.succeeded;
    all_failed += one.failed;
  }
  if (all_succeeded + all_failed < options_.outcomes_min || !most_fail(all_succeeded, all_failed)) {
    return false;
  }
  ++trips_;
  open_since_us_ = now.wall_us;
  pause_us_ = 0;
  open(now.steady_us, jitter);
  return true;
}

// The first pause after the breaker was closed is probe_first; each further one is twice as long.
void Breaker::open(SteadyUs now_us, std::uint64_t jitter) {
  phase_ = Phase::open;
  succeeded_ = failed_ = 0;
  const DurationUs max_us = options_.probe_max.count();
  pause_us_ = pause_us_ == 0 ? std::min<DurationUs>(options_.probe_first.count(), max_us)
                             : std::min(2 * pause_us_, max_us);
  const auto percent = static_cast<DurationUs>(80 + jitter % 21);
  probe_due_us_ = time_after(now_us, pause_us_ * percent / 100);
}

void Breaker::close() {
  phase_ = Phase::closed;
  window_ = {};
  open_since_us_ = 0;
  pause_us_ = 0;
}

std::uint32_t Breaker::may_run(SteadyUs now_us) const {
  if (phase_ == Phase::recovering) return 1 + succeeded_;
  return probe_due_us_ <= now_us ? 1 : 0;
}

std::uint32_t Breaker::take(std::uint32_t wanted, SteadyUs now_us) {
  MILLRACE_ASSERT(phase_ != Phase::closed);
  const std::uint32_t most = may_run(now_us);
  const std::uint32_t taken = std::min(wanted, most - std::min(most, running_));
  running_ += taken;
  return taken;
}

void Breaker::ended(ProbeResult result, SteadyUs now_us, std::uint64_t jitter) {
  MILLRACE_ASSERT(running_ > 0);
  --running_;
  ++probes_;
  if (phase_ == Phase::closed || result == ProbeResult::nothing) return;
  if (result == ProbeResult::failed) {
    ++failed_;
    if (phase_ == Phase::open || most_fail(succeeded_, failed_)) open(now_us, jitter);
    return;
  }
  if (phase_ == Phase::open) {
    phase_ = Phase::recovering;
    succeeded_ = failed_ = 0;
  }
  if (++succeeded_ >= recovered_after) close();
}

std::optional<SteadyUs> Breaker::next_us() const {
  if (phase_ != Phase::open || running_ > 0) return std::nullopt;
  return probe_due_us_;
}

}  // namespace millrace::queues
