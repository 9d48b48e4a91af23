// FollowedSeats: a process that waits for a seat follows the logs of those that it may take, so that it serves
// soon after it has taken one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/assembly/runtime_options.hpp"
#include "actors/engines/seats.hpp"
#include "actors/log/engine.hpp"
#include "actors/runtime/followed_log.hpp"
#include "actors/stage/pipeline_spec.hpp"
#include "cluster/node/own_directory.hpp"

namespace millrace::cluster {

/// Needs the memory of all the nodes that it follows. Thread-safe, but for take() and the destructor.
class FollowedSeats {
 public:
  struct Options {
    std::shared_ptr<logs::Engine> engine{};
    RuntimeOptions
        runtime{};  ///< of the node to come, but for state_dir, which each log gets below data_dir
    std::vector<PipelineSpec> pipelines{};
    std::function<bool(const postgres_log::Seat&)> may_take{};
  };
  explicit FollowedSeats(Options options) : options_(std::move(options)) {}
  FollowedSeats(const FollowedSeats&) = delete;
  FollowedSeats& operator=(const FollowedSeats&) = delete;

  /// The seats as they are now: follows those that another process holds, and no longer those that are gone.
  void look(const std::vector<postgres_log::Seat>& seats);

  /// This process has taken the seat: what was followed of its log, or null; nothing is followed any more. This
  /// object must outlive the node that goes on with it. Later calls of look() do nothing.
  [[nodiscard]] std::shared_ptr<FollowedStore> take(const std::string& seat);

  [[nodiscard]] std::vector<FollowStatus> status() const;

 private:
  struct Followed {
    std::unique_ptr<OwnDirectory> directory{};
    std::unique_ptr<FollowedLog> log{};
  };
  void follow(const postgres_log::Seat& seat);

  const Options options_;
  mutable std::mutex mutex_;  ///< guards all below
  std::map<std::string, Followed> followed_;
  std::vector<Followed> ended_;  ///< whose threads end
  bool is_over_ = false;         ///< take() was called
};

/// How far logs are followed, for people; empty: none is.
[[nodiscard]] std::string text_of(const std::vector<FollowStatus>& follows);

}  // namespace millrace::cluster
