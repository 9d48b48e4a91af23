// The pipeline that is measured, its producer and its sink: the same in one process and over nodes.
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

/// From the time a message was due until the sink had it.
struct SinkFigures {
  double p50_us = 0;
  double p99_us = 0;
  double p999_us = 0;
  double max_us = 0;
  std::uint64_t received = 0;
  std::uint64_t repeated = 0;
};

/// The time that Parcel::due_us counts in: the same for all processes of this machine.
[[nodiscard]] std::uint64_t steady_us();

/// What the sink has seen. Thread-safe.
class Tally {
 public:
  explicit Tally(std::uint64_t messages) : expected_(messages), seen_(messages) {}

  void add(const Parcel& parcel);

  /// Until all are there, or none came for `patience`: then some are lost.
  void wait(std::chrono::seconds patience);

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

/// Where parcels enter. With `keyed` every message has a key of its own, else none.
[[nodiscard]] QueueRef<Parcel> placed_queue(bool keyed);

/// Three queues, two stages that forward ("paid", "shipped"), and the sink ("done"). `tally`
/// outlives it.
[[nodiscard]] PipelineSpec parcel_pipeline(bool keyed, std::uint32_t workers, Tally& tally);

struct Production {
  std::uint64_t messages = 0;
  std::uint32_t payload_bytes = 200;
  double rate_per_s = 0;  ///< 0: as fast as it goes
};

/// Sends numbered parcels, and waits until they are durable. Due times are of the steady clock.
[[nodiscard]] Result<void> produce(Sender<Parcel>& sender, const Production& production);

}  // namespace millrace::bench
