#include "apps/bench/parcel_pipeline.hpp"

#include <algorithm>
#include <string>

#include "actors/base/clock.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "apps/bench/timing.hpp"

namespace millrace::bench {
namespace {

/// Minimum pause of a producer that is ahead of its rate: shorter pauses, one per message, would
/// keep a core busy. Messages that become due during the pause are sent late, which their latency
/// includes: it is measured from the due time.
constexpr std::uint64_t pause_min_us = 500;

struct Forward {
  Parcel operator()(const Parcel& parcel) const {
    Parcel next = parcel;
    next.set_hops(parcel.hops() + 1);
    return next;
  }
};

struct Sink {
  Tally* tally;
  void operator()(const Parcel& parcel) const { tally->add(parcel); }
};

}  // namespace

std::uint64_t steady_us() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now().time_since_epoch())
          .count());
}

void Tally::add(const Parcel& parcel) {
  const std::uint64_t now_us = steady_us();
  const std::lock_guard lock(mutex_);
  latency_.record(
      static_cast<DurationUs>(now_us - std::min<std::uint64_t>(now_us, parcel.due_us())));
  if (parcel.hops() != 2 || seen_[parcel.number()]) {
    ++repeated_;
    return;
  }
  seen_[parcel.number()] = true;
  if (++received_ == expected_) changed_.notify_all();
}

void Tally::wait(std::chrono::seconds silence_max) {
  std::unique_lock lock(mutex_);
  for (std::uint64_t before = expected_; received_ != expected_ && received_ != before;) {
    before = received_;
    changed_.wait_for(lock, silence_max, [this] { return received_ == expected_; });
  }
}

std::uint64_t Tally::received() {
  const std::lock_guard lock(mutex_);
  return received_;
}

SinkFigures Tally::figures() {
  const std::lock_guard lock(mutex_);
  return {.p50_us = static_cast<double>(latency_.percentile(0.5)),
          .p99_us = static_cast<double>(latency_.percentile(0.99)),
          .p999_us = static_cast<double>(latency_.percentile(0.999)),
          .max_us = static_cast<double>(latency_.max_us()),
          .received = received_,
          .repeated = repeated_};
}

QueueRef<Parcel> placed_queue(bool keyed) {
  return queue<Parcel>("bench.placed").key_by([keyed](const Parcel& parcel) {
    return keyed ? std::to_string(parcel.number()) : std::string();
  });
}

PipelineSpec parcel_pipeline(bool keyed, std::uint32_t workers, Tally& tally) {
  const auto options = StageOptions{.workers = workers};
  return pipeline("bench")
      .from(placed_queue(keyed))
      .then<Forward>("paid", options)
      .then<Forward>("shipped", options)
      .then("done", Sink{&tally}, options);
}

Result<void> produce(Sender<Parcel>& sender, const Production& production) {
  Parcel parcel;
  parcel.set_padding(
      std::string(production.payload_bytes - std::min(production.payload_bytes, 20u), 'x'));
  const std::uint64_t start_us = steady_us();
  for (std::uint64_t i = 0; i < production.messages; ++i) {
    std::uint64_t due_us = steady_us();
    if (production.rate_per_s > 0) {
      due_us = start_us +
               static_cast<std::uint64_t>(static_cast<double>(i) * 1e6 / production.rate_per_s);
      if (const std::uint64_t now_us = steady_us(); due_us > now_us) {
        const std::uint64_t until_us = std::max(due_us, now_us + pause_min_us);
        pause_until(Steady::time_point(std::chrono::microseconds(until_us)));
      }
    }
    parcel.set_number(i);
    parcel.set_due_us(due_us);
    if (auto sent = sender.send(parcel); !sent) return sent;
  }
  return sender.flush();
}

}  // namespace millrace::bench
