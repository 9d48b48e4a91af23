#include "apps/bench/queue_bench.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <unistd.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "apps/bench/bench.pb.h"
#include "apps/bench/raw_writer.hpp"
#include "apps/bench/resources.hpp"
#include "apps/bench/timing.hpp"
#include "messages/hash.hpp"

namespace millrace::bench {
namespace {

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

QueueRef<Parcel> backlog(const QueueBenchOptions& options) {
  return queue<Parcel>("bench.backlog").key_by([keyed = options.keyed](const Parcel& parcel) {
    return keyed ? std::to_string(parcel.number()) : std::string();
  });
}

RuntimeOptions runtime_options(const QueueBenchOptions& options) {
  RuntimeOptions runtime;
  runtime.data_dir = options.data_dir;
  runtime.shards = options.shards;
  // Limits that are never reached: the benchmark does not measure backpressure.
  runtime.limits.backlog_messages = options.messages * 2 + 1'000;
  runtime.limits.backlog_bytes = std::uint64_t{1} << 50;
  return runtime;
}

struct PassOn {
  Parcel operator()(const Parcel& parcel) const { return parcel; }
};

Result<void> fill(const QueueBenchOptions& options, QueueBenchFigures& figures) {
  // No stage reads the backlog queue; the pipeline only declares it.
  auto runtime = Runtime::start(runtime_options(options), {pipeline("filling")
                                                               .from(queue<Parcel>("bench.unused"))
                                                               .then("pass", PassOn{})
                                                               .to(backlog(options))});
  if (!runtime) return runtime.error();
  auto sender = (*runtime)->sender(backlog(options),
                                   {.producer = "bench", .limits = {.window = options.window}});
  if (!sender) return sender.error();
  Parcel parcel;
  parcel.set_padding(
      std::string(options.payload_bytes - std::min(options.payload_bytes, 20u), 'x'));
  const auto begin = Steady::now();
  for (std::uint64_t i = 0; i < options.messages; ++i) {
    parcel.set_number(i);
    if (auto sent = sender->send(parcel); !sent) return sent;
  }
  if (auto flushed = sender->flush(); !flushed) return flushed;
  figures.fill_per_s = static_cast<double>(options.messages) / since(begin);
  figures.rss_filled_bytes = resident_bytes();
  return (*runtime)->stop();
}

/// Counts the received messages and those that arrived out of order within a shard. Thread-safe.
class Drain {
 public:
  explicit Drain(std::uint64_t messages) : expected_(messages) {}

  void add(std::uint64_t number, std::uint64_t& next) {
    if (number < next) ++out_of_order_;
    next = number + 1;
    if (++received_ != expected_) return;
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  }

  /// Blocks until all messages are received, or none was received for `patience`: some are lost.
  void wait() {
    std::unique_lock lock(mutex_);
    for (std::uint64_t before = expected_; received_ < expected_ && received_ != before;) {
      before = received_;
      changed_.wait_for(lock, patience, [this] { return received_ >= expected_; });
    }
  }

  [[nodiscard]] std::uint64_t received() const { return received_; }
  [[nodiscard]] std::uint64_t out_of_order() const { return out_of_order_; }

 private:
  const std::uint64_t expected_;
  std::atomic<std::uint64_t> received_ = 0;
  std::atomic<std::uint64_t> out_of_order_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Of the only worker: with several, those of one shard may overtake each other.
struct CheckOrder {
  Drain* drain;
  bool keyed;
  std::vector<std::uint64_t> next;  ///< by shard

  void operator()(const Parcel& parcel) {
    const auto shards = static_cast<std::uint32_t>(next.size());
    // A sender spreads messages without key evenly, in turn.
    const std::uint64_t shard =
        keyed ? shard_of(std::to_string(parcel.number()), shards) : parcel.number() % shards;
    drain->add(parcel.number(), next[shard]);
  }
};

Result<void> restart_and_drain(const QueueBenchOptions& options, QueueBenchFigures& figures) {
  Drain drain(options.messages);
  const auto opened = Steady::now();
  auto runtime = Runtime::start(
      runtime_options(options),
      {pipeline("draining")
           .from(backlog(options))
           .then("check",
                 CheckOrder{&drain, options.keyed, std::vector<std::uint64_t>(options.shards)})});
  if (!runtime) return runtime.error();
  figures.restart_s = since(opened);
  figures.rss_restarted_bytes = resident_bytes();
  const auto begin = Steady::now();
  drain.wait();
  figures.drain_per_s = static_cast<double>(options.messages) / since(begin);
  figures.received = drain.received();
  figures.out_of_order = drain.out_of_order();
  return (*runtime)->stop();
}

}  // namespace

Result<QueueBenchFigures> run_queue_bench(const QueueBenchOptions& options) {
  auto raw_batches_per_s =
      measure_raw_writes(options.data_dir.parent_path(), limit_batch * options.payload_bytes);
  if (!raw_batches_per_s) return raw_batches_per_s.error();
  const double cpu_before_s = cpu_seconds();
  const std::uint64_t written_before = written_bytes();
  QueueBenchFigures figures;
  if (auto filled = fill(options, figures); !filled) return filled.error();
  if (auto drained = restart_and_drain(options, figures); !drained) return drained.error();
  figures.limit_per_s = *raw_batches_per_s * limit_batch;
  figures.ratio = figures.fill_per_s / figures.limit_per_s;
  figures.rss_peak_bytes = rss_peak_bytes();
  figures.cpu_s = cpu_seconds() - cpu_before_s;
  figures.written_bytes = written_bytes() - written_before;
  return figures;
}

}  // namespace millrace::bench
