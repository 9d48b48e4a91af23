// Hands shards over between nodes: the shell around the protocol of cluster/placement.
//
//   move ─▶ [quiesce ─▶ export to the spool ─▶ chunks ═▶ staged there] ─▶ fence ═▶ installed there
//                                                                        ─▶ given up here
//
// Nobody waits for anybody: what is not answered is asked again every second.
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

// Kinds of frames. Numbers below 16 are the federation's, 16 the membership's.
constexpr transport::FrameKind move_frame{17};    ///< pb::MoveStep
constexpr transport::FrameKind gossip_frame{18};  ///< pb::PlacementGossip

struct MoveServiceConfig {
  ShardTable* table = nullptr;
  ShardMoves* moves = nullptr;
  transport::Transport* transport = nullptr;
  const Clock* clock = nullptr;
  std::filesystem::path spool_directory;
  /// For what is in progress on a shard that is to go, and for what it has sent to get there.
  std::chrono::milliseconds rest_timeout{30'000};
};

/// The actor of a node, for others. Any thread may call. Ends with this.
class MoveService {
 public:
  /// Starts it. What it is given outlives the actor.
  MoveService(caf::actor_system& system, MoveServiceConfig config);
  ~MoveService();
  MoveService(const MoveService&) = delete;
  MoveService& operator=(const MoveService&) = delete;

  /// A frame of the kinds above. The credit goes back when it has been looked at.
  void take(const std::string& peer, transport::Frame frame, transport::Credit credit);

  /// The link to a peer came up: it is told what this node knows.
  void on_up(const std::string& peer);

  /// Gives this shard to that node. `done` is called once, when the shard is served there, or
  /// served here again, for the reason given; on the actor's thread.
  void move(const std::string& role, std::uint32_t shard, const std::string& to,
            std::function<void(Result<void>)> done);

 private:
  class Shell;

  void run(std::function<void()> task);

  const std::shared_ptr<Shell> shell_;  ///< touched by the actor's thread only
  caf::actor actor_;
};

}  // namespace millrace::moves
