// Comparison: whether this node's data directory is older than what another node remembers. A node
// whose data directory is a copy does nothing else before it has compared it with all other nodes:
//
//   this node   ─ question ────────────▶ others      serves, forwards, founds and moves nothing
//   this node   ◀─ all they remember ─── others      outdated: the node stops
//   this node   compared with all others             serves
//
// Others can remember three things: a higher epoch of a shard that this node owns, as far as its
// records say; messages that they took from its outboxes; and messages of their outboxes that it has
// taken. While it compares, nothing of this can change at this node, so one answer of each node is
// enough, unless a shard moved between two answers: then its new owner is asked again. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "actors/queue/move/recollection.hpp"
#include "cluster/move/core/founding_core.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace::moves {

/// What this node's data directory says.
struct OwnMemory {
  std::string self;  ///< name of the node
  queues::Recollection queues{};
  std::map<ShardKey, pb::ShardRecord> shards{};
};

/// The comparison of a copy, until it has ended.
struct Comparison {
  std::uint64_t question = 0;        ///< PlacementGossip.question
  std::optional<OwnMemory> own{};    ///< empty: not read yet
  std::set<std::string> compared{};  ///< nodes that remember no more than `own`
  /// Ownerships in the answers, by node.
  std::map<std::string, std::map<ShardKey, pb::Ownership>> told{};
  bool is_outdated = false;
};

/// Takes gossip, perhaps an answer. Returns that the data directory is outdated, once.
[[nodiscard]] std::optional<Error> take(Comparison& comparison, const pb::PlacementGossip& gossip);

/// The nodes of `others` that have not answered, separated by ", ". Empty, `own` is read and not
/// outdated: the comparison has ended.
[[nodiscard]] std::string missing_answers(const Comparison& comparison,
                                          const std::set<std::string>& others);

/// Adds `queues` to the answer to a question. Of the outboxes, only those for shards of the asking
/// node may be in it.
void add(pb::PlacementGossip& answer, const queues::Recollection& queues);

/// Compares with an answer, which is all that the node `answer.from()` remembers. Returns what it
/// remembers and this node does not, as a sentence; empty: nothing.
[[nodiscard]] std::optional<std::string> find_outdated(const OwnMemory& own,
                                                       const pb::PlacementGossip& answer);

}  // namespace millrace::moves
