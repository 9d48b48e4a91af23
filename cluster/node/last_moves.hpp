// LastMoves: the state or result of the latest move of each shard that an operator started here.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "cluster/http/cluster_view.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Thread-safe.
class LastMoves {
 public:
  /// Records the start of a move; returns false if a move of the shard is in flight.
  [[nodiscard]] bool begin(const std::string& role, std::uint32_t shard, const std::string& to) {
    const std::lock_guard lock(mutex_);
    Move& move = moves_[{role, shard}];
    if (move.is_in_flight) return false;
    move = {true, to, {}};
    return true;
  }

  void end(const std::string& role, std::uint32_t shard, const Result<void>& result) {
    const std::lock_guard lock(mutex_);
    Move& move = moves_[{role, shard}];
    move.is_in_flight = false;
    if (!result) move.failure = result.error();
  }

  /// Sets `moving_to` and `last_failure` of `view`.
  void describe(http::ShardView& view) const {
    const std::lock_guard lock(mutex_);
    const auto found = moves_.find({view.role, view.shard});
    if (found == moves_.end()) return;
    if (found->second.is_in_flight) view.moving_to = found->second.to;
    view.last_failure = found->second.failure;
  }

 private:
  struct Move {
    bool is_in_flight = false;
    std::string to{};
    std::optional<Error> failure{};
  };

  mutable std::mutex mutex_;
  std::map<std::pair<std::string, std::uint32_t>, Move> moves_;
};

}  // namespace millrace::cluster
