// Wiring: all pipelines of a node as one graph of queues, and the back-pressure between them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"
#include "messages/result.hpp"

namespace millrace {

/// A queue of the pipelines. The numbers below are indices into Wiring::queues, each once.
struct WiredQueue {
  std::string name;
  std::string type;  ///< full name of its Protobuf type; empty: dead letters of several types
  bool is_dead_letter = false;
  bool keeps_topics = false;  ///< see add_topic_queues()

  std::vector<std::size_t> feeds{};   ///< queues that the stage which reads this queue writes to
  std::vector<std::size_t> fed_by{};  ///< queues whose stage writes to this queue
  std::size_t cycle = 0;              ///< equal for queues that can reach each other

  /// Queues that lease no messages while this queue is above high water.
  std::vector<std::size_t> holds_back{};
  /// Queues that refuse offers of senders while this queue is above high water: its cycle.
  std::vector<std::size_t> refuses_offers{};
};

/// A stage, with its queues as indices into Wiring::queues.
struct WiredStage {
  std::size_t pipeline = 0;  ///< index into the pipelines that were analysed
  std::size_t stage = 0;     ///< index into PipelineSpec::stages
  std::size_t source = 0;
  std::vector<std::size_t> targets{};  ///< in the order of StageSpec::targets
  std::size_t dead_letter = 0;
};

/// All pipelines of a node as one graph.
///
/// A queue above high water holds back the queues that feed it. In a cycle this rule would let a
/// full cycle wait for itself for ever. So a queue of a cycle holds back the queues outside the
/// cycle that feed any queue of it, and none inside: work in a cycle can finish, new work waits. A
/// dead letter queue holds back nothing, because a stage must always be able to give a message up.
///
///     in ──▶ a ──▶ b ──▶ out         above high water   waits
///            ▲     │                 a or b             in
///            └─────┘                 out                b
struct Wiring {
  std::vector<WiredQueue> queues;  ///< in order of first mention
  std::vector<WiredStage> stages;  ///< in the order of the pipelines

  /// Returns the index of the queue with this name, or queues.size() if there is none.
  [[nodiscard]] std::size_t find(std::string_view name) const;
};

/// The name of the dead letter queue of a stage that reads `queue` and names none.
[[nodiscard]] std::string default_dead_letters(const std::string& queue);

/// Returns the name of the dead letter queue of `stage`: as its options say, else "<source>.dead".
[[nodiscard]] std::string dead_letter_queue(const StageSpec& stage);

/// Requires: validate(pipelines) succeeds. Pure; any thread.
[[nodiscard]] Wiring analyse_wiring(std::span<const PipelineSpec> pipelines);

/// These queues keep topics: what is written to them is read by position. Those that no pipeline names are added;
/// they have messages of type `millrace.Bytes`. Fails with `invalid_argument`: a stage reads one of them.
[[nodiscard]] Result<void> add_topic_queues(Wiring& wiring, const std::set<std::string>& queues);

}  // namespace millrace
