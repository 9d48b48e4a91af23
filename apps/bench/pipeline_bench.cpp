#include "apps/bench/pipeline_bench.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "actors/base/latency_histogram.hpp"
#include "actors/base/pause.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "apps/bench/bench.pb.h"
#include "apps/bench/raw_writer.hpp"
#include "apps/bench/resources.hpp"

namespace millrace::bench {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::chrono::seconds patience{60};
constexpr std::uint32_t limit_batch = 256;  // messages of one write and sync
constexpr double hops = 3;

std::uint64_t steady_us() {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Steady::now().time_since_epoch())
          .count());
}

struct Forward {
  Parcel operator()(const Parcel& parcel) const {
    Parcel next = parcel;
    next.set_hops(parcel.hops() + 1);
    return next;
  }
};

/// What the sink has seen.
class Tally {
 public:
  explicit Tally(std::uint64_t messages) : expected_(messages), seen_(messages) {}

  void add(const Parcel& parcel) {
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

  /// Until all are there, or none came for a while: then some are lost.
  void wait() {
    std::unique_lock lock(mutex_);
    for (std::uint64_t before = expected_; received_ != expected_ && received_ != before;) {
      before = received_;
      changed_.wait_for(lock, patience, [this] { return received_ == expected_; });
    }
  }

  void report(PipelineBenchFigures& figures) {
    const std::lock_guard lock(mutex_);
    figures.received = received_;
    figures.repeated = repeated_;
    figures.p50_us = static_cast<double>(latency_.percentile(0.5));
    figures.p99_us = static_cast<double>(latency_.percentile(0.99));
    figures.p999_us = static_cast<double>(latency_.percentile(0.999));
    figures.max_us = static_cast<double>(latency_.max_us());
  }

 private:
  const std::uint64_t expected_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> seen_;
  std::uint64_t received_ = 0;
  std::uint64_t repeated_ = 0;
  LatencyHistogram latency_;
};

struct Sink {
  Tally* tally;
  void operator()(const Parcel& parcel) const { tally->add(parcel); }
};

Result<void> produce(Sender<Parcel>& sender, const PipelineBenchOptions& options) {
  Parcel parcel;
  parcel.set_padding(
      std::string(options.payload_bytes - std::min(options.payload_bytes, 20u), 'x'));
  const std::uint64_t start_us = steady_us();
  for (std::uint64_t i = 0; i < options.messages; ++i) {
    std::uint64_t due_us = steady_us();
    if (options.rate_per_s > 0) {
      due_us =
          start_us + static_cast<std::uint64_t>(static_cast<double>(i) * 1e6 / options.rate_per_s);
      pause_until(Steady::time_point(std::chrono::microseconds(due_us)));
    }
    parcel.set_number(i);
    parcel.set_due_us(due_us);
    if (auto sent = sender.send(parcel); !sent) return sent;
  }
  return sender.flush();
}

}  // namespace

Result<PipelineBenchFigures> run_pipeline_bench(const PipelineBenchOptions& options) {
  auto raw_batches_per_s =
      measure_raw_writes(options.data_dir.parent_path(), limit_batch * options.payload_bytes);
  if (!raw_batches_per_s) return raw_batches_per_s.error();
  auto tally = std::make_unique<Tally>(options.messages);
  const auto key = [keyed = options.keyed](const Parcel& parcel) {
    return keyed ? std::to_string(parcel.number()) : std::string();
  };
  const auto placed = queue<Parcel>("bench.placed").key_by(key);
  const auto workers = StageOptions{.workers = options.shards};
  const auto spec = pipeline("bench")
                        .from(placed)
                        .then<Forward>("paid", workers)
                        .then<Forward>("shipped", workers)
                        .then("done", Sink{tally.get()}, workers);
  RuntimeOptions runtime_options;
  runtime_options.data_dir = options.data_dir;
  runtime_options.shards = options.shards;
  auto runtime = Runtime::start(runtime_options, {spec});
  if (!runtime) return runtime.error();
  auto sender =
      (*runtime)->sender(placed, {.producer = "bench", .limits = {.window = options.window}});
  if (!sender) return sender.error();

  const double cpu_before_s = cpu_seconds();
  const std::uint64_t written_before = written_bytes();
  const auto begin = Steady::now();
  if (auto produced = produce(*sender, options); !produced) return produced.error();
  tally->wait();
  const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();

  PipelineBenchFigures figures;
  if (auto stopped = (*runtime)->stop(); !stopped) return stopped.error();
  tally->report(figures);
  figures.messages_per_s = static_cast<double>(options.messages) / seconds;
  figures.limit_per_s = *raw_batches_per_s * limit_batch / hops;
  figures.ratio = figures.messages_per_s / figures.limit_per_s;
  figures.cpu_s = cpu_seconds() - cpu_before_s;
  figures.rss_peak_bytes = rss_peak_bytes();
  figures.written_bytes = written_bytes() - written_before;
  return figures;
}

}  // namespace millrace::bench
