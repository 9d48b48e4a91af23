// What a MoveService writes to the log of the process about shards that wait, are fenced or have moved.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <spdlog/spdlog.h>

#include "actors/base/time.hpp"
#include "cluster/move/core/founding_core.hpp"
#include "cluster/move/shard_table.hpp"
#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace::moves {

/// Not thread-safe.
class WaitLog {
 public:
  /// Logs each reason that was none the last time. Returns what waits.
  [[nodiscard]] std::vector<WaitingShards> log(std::map<Wait, std::vector<ShardKey>> by_wait) {
    std::vector<WaitingShards> waiting;
    std::set<Wait> logged;
    for (auto& [wait, shards] : by_wait) {
      waiting.push_back({wait, std::move(shards)});
      logged.insert(wait);
      if (logged_.contains(wait)) continue;
      const auto level = wait.reason == Wait::Reason::peers  ? spdlog::level::info
                         : wait.reason == Wait::Reason::copy ? spdlog::level::warn
                                                             : spdlog::level::critical;
      spdlog::log(level, "{}", waiting.back().text());
    }
    logged_ = std::move(logged);
    return waiting;
  }

 private:
  std::set<Wait> logged_{};
};

inline void log_other_layout(const std::string& peer) {
  spdlog::warn(
      "node {} has another layout of the cluster than this node (nodes, weights, roles, overrides "
      "or "
      "shards differ): no shard gets its first owner before they are equal; those that have one "
      "are "
      "served",
      peer);
}

inline void log_fenced(const std::string& shard, const pb::Ownership& ownership) {
  spdlog::critical(
      "{} is served by {} in epoch {}, though this node never gave it away: its data directory "
      "seems to be an older copy. What it holds of the shard stays sealed. Put the newest "
      "directory back",
      shard, ownership.owner(), ownership.epoch());
}

inline void log_end(const std::string& shard, DurationUs took_us, const Result<void>& outcome) {
  if (outcome) {
    spdlog::info("{} has moved, in {:.3f} s", shard, static_cast<double>(took_us) / 1'000'000);
  } else {
    spdlog::warn("{} did not move: {}", shard, outcome.error().message);
  }
}

}  // namespace millrace::moves
