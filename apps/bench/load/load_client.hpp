// What a client of a load does: Publisher and Consumer, for each kind of node's listener.
#pragma once

#include <memory>
#include <span>

#include "apps/bench/load/load_course.hpp"
#include "apps/bench/load/load_messages.hpp"
#include "apps/bench/load/load_options.hpp"
#include "apps/bench/load/load_tally.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// For one thread.
class Publisher {
 public:
  virtual ~Publisher() = default;

  /// Sends messages, again where that helps, until each is confirmed, given up, or the load was stopped; calls
  /// LoadTally::answered(), retried() and refused(). `begun`: from when on the latency counts. Fails if all
  /// messages are refused for good, as when there is no such queue.
  virtual Result<void> send(std::span<const LoadMessage> messages, LoadCourse::Time begun) = 0;
};

/// For one thread.
class Consumer {
 public:
  virtual ~Consumer() = default;

  /// Receives and acknowledges messages once, waiting for some for about a second. Asks LoadCourse::reserve() how
  /// many, and tells LoadCourse::receive() and LoadTally. Fails if nothing can be received, as when there is no such
  /// stage.
  virtual Result<void> receive() = 0;
};

/// What clients of a load share with who runs it; outlives them.
struct LoadSurroundings {
  LoadCourse& course;
  LoadTally& tally;
};

/// Whether a request that failed in this way may succeed later.
[[nodiscard]] bool is_passing(ErrorCode code);

// `index` < options.clients. They fail with `unreachable`, `not_found`, `unauthenticated`, `invalid_argument`.

[[nodiscard]] Result<std::unique_ptr<Publisher>> open_http_publisher(const PublishOptions& options,
                                                                     const std::string& run,
                                                                     LoadSurroundings around);
[[nodiscard]] Result<std::unique_ptr<Publisher>> open_kafka_publisher(const PublishOptions& options,
                                                                      std::size_t index,
                                                                      LoadSurroundings around);
[[nodiscard]] Result<std::unique_ptr<Consumer>> open_http_consumer(const ConsumeOptions& options,
                                                                   std::size_t index,
                                                                   LoadSurroundings around);
/// Null: there are more clients than partitions, and nothing is left for this one.
[[nodiscard]] Result<std::unique_ptr<Consumer>> open_kafka_consumer(const ConsumeOptions& options,
                                                                    std::size_t index,
                                                                    LoadSurroundings around);

}  // namespace millrace::bench
