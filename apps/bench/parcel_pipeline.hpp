// The benchmark pipeline with its producer and its sink, for one process or two nodes.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "actors/base/latency_histogram.hpp"
#include "actors/runtime/sender.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "apps/bench/bench.pb.h"
#include "messages/result.hpp"

namespace millrace::bench {

/// Latencies from the due time of a message until the sink received it; counts of the sink.
struct SinkFigures {
  double p50_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double max_us = 0;
  std::uint64_t received = 0;
  std::uint64_t repeated = 0;
};

/// Time base of Parcel::due_us: microseconds of CLOCK_MONOTONIC, equal in all processes of a
/// machine.
[[nodiscard]] std::uint64_t steady_us();

/// Records the messages that the sink received. Thread-safe.
class Tally {
 public:
  explicit Tally(std::uint64_t messages) : expected_(messages), seen_(messages) {}

  void add(const Parcel& parcel);

  /// Blocks until all messages have arrived, or none arrived for `silence_max`.
  void wait(std::chrono::seconds silence_max);

  [[nodiscard]] std::uint64_t received();
  [[nodiscard]] SinkFigures figures();

 private:
  const std::uint64_t expected_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> seen_;
  std::uint64_t received_ = 0;
  std::uint64_t repeated_ = 0;
  LatencyHistogram latency_;
};

/// The first queue. `keyed`: each message has a unique key; else messages have no key.
[[nodiscard]] QueueRef<Parcel> placed_queue(bool keyed);

/// Three queues, two forwarding stages ("paid", "shipped") and the sink ("done"). `tally` must
/// outlive the pipeline.
[[nodiscard]] PipelineSpec parcel_pipeline(bool keyed, std::uint32_t workers, Tally& tally);

struct Production {
  std::uint64_t messages = 0;
  std::uint32_t payload_bytes = 200;
  double rate_per_s = 0;  ///< 0: no limit
};

/// Sends numbered parcels and blocks until all are durable. Fails as Sender does.
[[nodiscard]] Result<void> produce(Sender<Parcel>& sender, const Production& production);

}  // namespace millrace::bench
