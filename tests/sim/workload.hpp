// The workload of a simulated cluster: numbers enter at each node, and two stages record them under
// different keys, so that most steps cross nodes. The state of a key lists its numbers, so that the
// handler itself detects a duplicate or a number out of order.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>

#include "actors/stage/pipeline_spec.hpp"
#include "actors/stage/queue_ref.hpp"
#include "messages/envelope.pb.h"

namespace millrace::sim {

using Number = google::protobuf::Int64Value;

/// The numbers of node i start at numbers_per_node * (i + 1).
constexpr std::int64_t numbers_per_node = 1'000'000;
/// Numbers from here on are offered by fenced senders: none of them may be handled.
constexpr std::int64_t first_late_number = 1'000'000'000;

[[nodiscard]] const QueueRef<Number>& entered();
[[nodiscard]] const QueueRef<Number>& passed();

/// State shared by the handlers of all nodes.
struct Watch {
  std::string violation{};  ///< first violation that a handler detected, in one line
  std::mt19937_64 random;
  bool is_failing = true;      ///< handlers fail at random
  std::uint64_t failures = 0;  ///< failures of handlers so far
};

/// Returns the input queue of the stage that reads `queue` or has it as dead letter queue; see
/// groups_by_stage().
[[nodiscard]] std::string role_of(const std::string& queue);

/// `on_killer` is called by the first stage instead of handling a number that is_killer(); the process
/// must be taken for ended then. Unset: all numbers are handled.
[[nodiscard]] std::vector<PipelineSpec> workload(const std::shared_ptr<Watch>& watch,
                                                 std::function<void()> on_killer = {});

/// One number of each node.
[[nodiscard]] bool is_killer(std::int64_t number);

/// Returns a number as a client sends it. Some carry an idempotency key, so that they can be
/// offered again as new messages.
[[nodiscard]] pb::Envelope envelope_of(std::int64_t number);
[[nodiscard]] bool may_be_sent_again(std::int64_t number);
[[nodiscard]] std::int64_t number_in(const pb::Envelope& envelope);

/// Returns the numbers in the state of a key.
[[nodiscard]] std::vector<std::int64_t> numbers_in(const std::string& serialized_state);

}  // namespace millrace::sim
