// MoveService: the actor that runs the move protocol of cluster/move/core for all shards of a node.
//
//   source   move ─▶ quiesce ─▶ export to spool ─▶ send chunks      fence            give up
//                                                      ║            ▲   ║               ▲
//                                                      ▼            ║   ▼               ║
//   target                                         stage chunks ─▶ ready   install ─▶ installed
//
//   ─▶ next step on the same node    ║ message to the other node
//
// The actor has a thread of its own, because it reads chunks from the spool. No step blocks it
// otherwise; unanswered steps are sent again every second.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include <caf/actor.hpp>
#include <caf/fwd.hpp>

#include "actors/base/clock.hpp"
#include "actors/move/shard_moves.hpp"
#include "cluster/move/shard_table.hpp"
#include "cluster/transport/transport.hpp"
#include "messages/result.hpp"

namespace millrace::moves {

// Frame kinds. Kinds below 16 belong to cluster/federation, 16 to cluster/membership, 19 and 20 to
// cluster/calls.
constexpr transport::FrameKind move_frame{17};    ///< pb::MoveStep
constexpr transport::FrameKind gossip_frame{18};  ///< pb::PlacementGossip

struct MoveServiceConfig {
  ShardTable* table = nullptr;
  ShardMoves* moves = nullptr;
  transport::Transport* transport = nullptr;
  const Clock* clock = nullptr;
  std::uint64_t incarnation = 0;  ///< of this node; numbers its moves, see first_attempt()
  std::filesystem::path spool_directory;
  bool accepts_loss = false;  ///< see FoundingView
  /// Set: the data directory is a copy. The actor first compares it with all other nodes
  /// (core/comparison_core.hpp), and does nothing else meanwhile. Then it calls one of the two, once,
  /// on its own thread. They must not throw.
  std::function<void()> on_compared{};
  std::function<void(const Error&)> on_outdated{};
  /// Bounds the wait until nothing is in flight on a shard that quiesces, and until the outputs of
  /// its stages have arrived. The move fails afterwards.
  std::chrono::milliseconds rest_timeout{30'000};
};

class MoveShell;

/// Handle of the actor. Thread-safe. The destructor ends the actor.
class MoveService {
 public:
  /// Starts the actor. `system` and all pointers in `config` must outlive this object.
  MoveService(caf::actor_system& system, MoveServiceConfig config);
  ~MoveService();
  MoveService(const MoveService&) = delete;
  MoveService& operator=(const MoveService&) = delete;

  /// Handles a frame of kind `move_frame` or `gossip_frame`. Releases `credit` after handling.
  void take(const std::string& peer, transport::Frame frame, transport::Credit credit);

  /// The link to `peer` came up: sends this node's PlacementGossip to `peer`.
  void on_up(const std::string& peer);
  /// The link went down: what `peer` said on it does not count any more.
  void on_down(const std::string& peer);

  /// The layout of the table was replaced.
  void on_layout();
  /// An operator has given up what `node`, which is not configured any more, held: this node founds
  /// anew those of its shards whose home it is.
  void give_up(const std::string& node);

  /// Gives the shards without a role a queue that an operator has defined, and its dead letters: see
  /// ShardMoves::add_defined(). `done` is called once all have them, on the thread that runs the actor;
  /// a shard without an owner, or one that moves, gets them later.
  void define(const std::string& queue, const std::string& dead_letters,
              std::function<void()> done);

  /// Starts a move of the shard to node `to`, and returns. Calls `done` once, on the thread that
  /// runs the actor: with success when `to` serves the shard, with an error when this node serves
  /// it again, or with `draining` when the actor ends first (the outcome may then be undecided).
  /// `done` must not throw: an exception would end the actor and with it all moves of this node.
  void move(const std::string& role, std::uint32_t shard, const std::string& to,
            std::function<void(Result<void>)> done);

 private:
  void run(std::function<void()> task);

  const std::shared_ptr<MoveShell> shell_;  ///< accessed by the actor only
  caf::actor actor_;
};

}  // namespace millrace::moves
