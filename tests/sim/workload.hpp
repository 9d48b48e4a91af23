// The workload of a simulated cluster: numbers enter at every node, are counted under one key, and
// passed on to be counted under another, so that most steps cross nodes. Each key's state lists
// what it has seen, so a repeat and a disorder are seen at the very step that makes them.
#pragma once

#include <cstdint>
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

/// The numbers of node i begin with this, times i + 1.
constexpr std::int64_t numbers_per_node = 1'000'000;
/// Numbers from here on are offered by senders that are fenced: none may ever be seen.
constexpr std::int64_t first_late_number = 1'000'000'000;

[[nodiscard]] const QueueRef<Number>& entered();
[[nodiscard]] const QueueRef<Number>& passed();

/// What the handlers of all nodes share.
struct Watch {
  std::string violation{};  ///< what they saw and must not, in one line
  std::mt19937_64 random;
  bool is_failing = true;      ///< they fail now and then
  std::uint64_t failures = 0;  ///< that they made
};

/// The source of the stage that reads or gives up into a queue: see groups_by_stage().
[[nodiscard]] std::string role_of(const std::string& queue);

[[nodiscard]] std::vector<PipelineSpec> workload(const std::shared_ptr<Watch>& watch);

/// A number as a client sends it. Some may be sent again as something new: they say what they are.
[[nodiscard]] pb::Envelope envelope_of(std::int64_t number);
[[nodiscard]] bool may_be_sent_again(std::int64_t number);
[[nodiscard]] std::int64_t number_in(const pb::Envelope& envelope);

/// The numbers in a key's state.
[[nodiscard]] std::vector<std::int64_t> numbers_in(const std::string& serialized_state);

}  // namespace millrace::sim
