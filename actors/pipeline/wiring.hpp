// Wiring: what pipelines look like from their queues: who feeds whom, and who must wait for whom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "actors/stage/pipeline_spec.hpp"

namespace millrace {

/// A queue of the wired pipelines. Numbers below are indices into Wiring::queues.
struct WiredQueue {
  std::string name;
  std::string type;  ///< of its messages; empty: dead letters of several types
  bool is_dead_letter = false;

  std::vector<std::size_t> feeds{};   ///< queues that the reading stage writes to
  std::vector<std::size_t> fed_by{};  ///< queues whose reading stage writes here
  std::size_t cycle = 0;              ///< queues of one number can all reach each other

  /// While this queue is above its high-water mark: queues that may not be dispatched …
  std::vector<std::size_t> holds_back{};
  /// … and queues that take no offers from outside, this one among them.
  std::vector<std::size_t> refuses_offers{};
};

/// The stage that reads a queue, by its place in the pipelines.
struct WiredStage {
  std::size_t pipeline = 0;
  std::size_t stage = 0;
  std::size_t source = 0;              ///< queue
  std::vector<std::size_t> targets{};  ///< queues, in the order of StageSpec::targets
  std::size_t dead_letter = 0;         ///< queue
};

/// All pipelines of a node as one graph.
///
/// A queue above its high-water mark holds back the queues that feed it. Inside a cycle that would
/// let a full cycle wait for itself for ever, so edges inside a cycle carry no pressure: instead
/// every edge into the cycle does, from each of its queues. Work that is in a cycle can then always
/// finish, and only new work waits. Dead letters carry no pressure: giving up must always be
/// possible.
///
///     in ──▶ a ⇄ b ──▶ out        a or b above: `in` waits.     out above: `b` waits.
struct Wiring {
  std::vector<WiredQueue> queues;  ///< in order of first mention
  std::vector<WiredStage> stages;  ///< in the order of the pipelines

  /// Index of the queue with this name; `queues.size()` where there is none.
  [[nodiscard]] std::size_t find(std::string_view name) const;
};

/// Name of the queue for what `stage` gives up: as its options say, else "<queue>.dead".
[[nodiscard]] std::string dead_letter_queue(const StageSpec& stage);

/// Analyses pipelines that validate() found sound. Pure.
[[nodiscard]] Wiring analyse_wiring(std::span<const PipelineSpec> pipelines);

}  // namespace millrace
