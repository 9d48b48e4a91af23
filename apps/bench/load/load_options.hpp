// Options and figures of `millrace bench publish` and `millrace bench consume`: a load on a node that already runs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "actors/base/latency_histogram.hpp"

namespace millrace::bench {

/// Where the load goes. Either `url` or `kafka` is set.
struct LoadTarget {
  std::string url{};      ///< of a node's HTTP API, "http://host:port"
  std::string kafka{};    ///< "host:port" of a node's Kafka listener
  std::string token{};    ///< of the node; empty: none
  std::string ca_file{};  ///< Kafka over TLS: certificate of the node's authority; empty: no TLS
  /// A queue, or with `kafka` a topic; of a consumer by HTTP an external stage, "PIPELINE/STAGE".
  std::string name{};

  [[nodiscard]] bool is_kafka() const { return !kafka.empty(); }
};

/// What ends a load: the first of the two that is reached. At least one is set.
struct LoadExtent {
  std::uint64_t messages = 0;  ///< 0: any number
  double seconds = 0;          ///< 0: any time
};

struct PublishOptions {
  LoadTarget target{};
  LoadExtent extent{};
  std::size_t clients =
      1;  ///< each with a thread and connections of its own, and one request at a time
  std::size_t batch = 100;          ///< messages of a request
  std::size_t payload_bytes = 128;  ///< at least; see LoadMessages
  std::uint64_t keys = 1'000;       ///< of different messages; 0: messages have no key
  double rate_per_s = 0;            ///< messages per second, of all clients together; 0: no limit
  std::string form{};               ///< of payloads, see LoadMessages; empty: the usual one
  /// Messages have idempotency keys, or numbers of an idempotent producer, so that what is sent again is there once.
  bool is_idempotent = true;
  double patience_s = 30;  ///< how long a message is sent again before it counts as refused
};

struct ConsumeOptions {
  LoadTarget target{};
  LoadExtent extent{};
  std::size_t clients = 1;
  std::size_t batch = 100;  ///< messages of a lease request; Kafka: nothing
  std::string group{};      ///< Kafka: goes on where it has committed, and commits; empty: none
  bool begins_at_end =
      false;           ///< Kafka without a committed offset: with records that come from now on
  double idle_s = 10;  ///< ends when nothing has come for this time
};

/// What went wrong, by error code.
struct LoadError {
  std::uint64_t count =
      0;               ///< of requests that were sent again, and of messages that were given up
  std::string text{};  ///< of the first one
};

/// What a load has done so far.
struct LoadFigures {
  std::uint64_t messages = 0;  ///< confirmed, or received
  std::uint64_t bytes = 0;     ///< payloads of `messages`
  std::uint64_t requests = 0;  ///< that were answered
  std::uint64_t retried = 0;   ///< requests that were sent again
  std::uint64_t refused =
      0;  ///< messages that were given up; it is not known of all that they are not there
  std::uint64_t repeated =
      0;               ///< received messages of `bench publish` that had been received before
  double seconds = 0;  ///< from the beginning until the last message
  /// Publish: from the sending of a request, or with a rate from when it was due, until its messages are confirmed.
  /// Consume: from the request for messages until they are acknowledged.
  LatencyHistogram latency{};
  /// Consume: from the sending of a message by `bench publish` until it was received, by the wall clocks of both.
  LatencyHistogram age{};
  std::map<std::string, LoadError> errors{};  ///< by to_string(ErrorCode)

  /// Of `wanted` messages, those that were not received; 0 for a load without a number of messages.
  [[nodiscard]] std::uint64_t lost_of(std::uint64_t wanted) const {
    const std::uint64_t distinct = messages - repeated;
    return wanted > distinct ? wanted - distinct : 0;
  }
};

/// Called about once a second by the thread that runs the load. Returns whether the load goes on.
using LoadProgress = std::function<bool(const LoadFigures&)>;

}  // namespace millrace::bench
