// How a shard gets its first owner: its home founds it, after all other nodes have promised that they
// know of no owner. Pure.
//
//   home    ─ layout, round ─▶ others          the home has no record of an owner
//   home    ◀─ PROMISED ────── others          durable: {home, epoch 0}; under the same layout only
//   home    FOUNDED, epoch 1                   durable, when all others have promised
//
// Words in capitals are durable records. A promise names one node and stays until that node itself says
// that it has not founded the shard, so no change of the layout between promise and founding leaves
// two founders. A node that knows of an owner says so instead of promising; the home learns the owner
// then. Whatever another node says counts on one link, for one layout, and for one round of this node
// (pb::PlacementGossip.round): what was said before a restart or a change of the layout does not.
//
// A founded shard needs no other node at a start. What is missing afterwards is never founded again by
// itself: if the owner is no longer configured, or this node has lost its record of a shard that it
// owned, the shard waits until an operator decides.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "cluster/move/core/move_core.hpp"

namespace millrace::moves {

using ShardKey = std::pair<std::string, std::uint32_t>;  ///< role and shard

/// What another node has told since its link came up.
struct PeerWord {
  std::uint64_t layout = 0;  ///< digest; 0: of a version that has none, which promises nothing
  std::uint64_t round = 0;   ///< of the other node
  std::uint64_t seen_round = 0;
  std::map<ShardKey, pb::Ownership> shards{};
};

/// What this node knows of the cluster. All references must outlive the call.
struct FoundingView {
  std::uint64_t layout = 0;             ///< digest of this node's layout
  std::uint64_t round = 1;              ///< of this node; higher with each change of its layout
  const std::set<std::string>& others;  ///< configured nodes, without this one
  const std::map<std::string, PeerWord>& words;  ///< of nodes with a link
  /// The operator has decided that this node goes on without what it has lost.
  bool accepts_loss = false;
  /// Nodes that are not configured any more, whose shards the operator has given up.
  const std::set<std::string>& given_up;
};

/// Why a shard is not served although nothing moves.
struct Wait {
  enum class Reason : std::uint8_t {
    none,
    peers,     ///< other nodes have not promised yet
    layouts,   ///< other nodes have another layout
    removed,   ///< the owner is not configured any more: an operator decides
    lost,      ///< another node remembers that this one owns the shard: an operator decides
    disputed,  ///< another node owns the shard in the same epoch: an operator decides
    copy,      ///< the data directory is a copy: other nodes have not said what they remember
  };
  Reason reason = Reason::none;
  std::string nodes{};  ///< names, separated by ", "; of `removed`: the owner, empty: not known

  friend auto operator<=>(const Wait&, const Wait&) = default;
};

struct Judgement {
  Effects effects{};  ///< at most one Write
  Wait wait{};
};

/// Decides whether this node promises or founds the shard, or what it waits for. `home` is the home by
/// this node's layout; empty: the shard has none. Call whenever an argument may have changed.
[[nodiscard]] Judgement judge(Shard& shard, const std::string& home, const FoundingView& view);

/// Returns what this node tells others about the shard: nothing that may still get lost, and
/// everything that may become durable.
[[nodiscard]] const pb::Ownership& told_ownership(const Shard& shard);

/// Whether `told` replaces `known`.
[[nodiscard]] bool is_newer(const pb::Ownership& told, const pb::Ownership& known);

}  // namespace millrace::moves
