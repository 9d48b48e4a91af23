// The engine that keeps the log of a node, as its configuration says, and what a start takes from it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "actors/engines/log_copies.hpp"
#include "actors/engines/seats.hpp"
#include "actors/log/engine.hpp"
#include "cluster/config/config.hpp"
#include "cluster/node/followed_seats.hpp"
#include "cluster/transport/net/holder_links.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// The seats of a cluster as a process has seen them last. Thread-safe.
class SeatsSeen {
 public:
  void set(std::vector<postgres_log::Seat> seats) {
    const std::lock_guard lock(mutex_);
    seats_ = std::move(seats);
  }
  [[nodiscard]] std::vector<postgres_log::Seat> get() const {
    const std::lock_guard lock(mutex_);
    return seats_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<postgres_log::Seat> seats_;
};

/// Links to the processes that hold the seats, or none. Thread-safe.
class HolderLinksSlot {
 public:
  void set(std::unique_ptr<transport::HolderLinks> links) {
    const std::lock_guard lock(mutex_);
    std::swap(links_, links);  // the former links end without the lock
  }
  void look(std::vector<transport::HolderLinks::Holder> holders) {
    const std::lock_guard lock(mutex_);
    if (links_) links_->set_holders(std::move(holders));
  }
  [[nodiscard]] bool has_died(const std::string& process) const {
    const std::lock_guard lock(mutex_);
    return links_ && links_->has_died(process);
  }

 private:
  mutable std::mutex mutex_;
  std::unique_ptr<transport::HolderLinks> links_;
};

/// What follows the logs of the seats, or nothing. Thread-safe.
class FollowedSeatsSlot {
 public:
  void set(std::shared_ptr<FollowedSeats> follows) {
    const std::lock_guard lock(mutex_);
    std::swap(follows_, follows);  // the former ones end without the lock
  }
  [[nodiscard]] std::shared_ptr<FollowedSeats> get() const {
    const std::lock_guard lock(mutex_);
    return follows_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<FollowedSeats> follows_;
};

/// The log of a node.
struct LogEngine {
  std::shared_ptr<logs::Engine>
      engine{};                     ///< null: the journal, which the runtime makes of its options
  postgres_log::Options options{};  ///< of the engine
  std::shared_ptr<SeatsSeen> seats{};  ///< null with the journal
  /// To the holders of the seats, while take_start() waits; take_start() ends them. Null with the journal.
  std::shared_ptr<HolderLinksSlot> links{};
  /// Follows the seats, while take_start() waits. Null with the journal.
  std::shared_ptr<FollowedSeatsSlot> follows{};
};

/// What a process that waits for its seat tells, on the thread of take_start(). Each may be null.
struct WaitHooks {
  std::function<void(const Error& reason)> on_wait{};
  /// With node.name = "*": the seats as each look finds them.
  std::function<void(const std::vector<postgres_log::Seat>& seats)> on_look{};
  /// With log.postgres.follow: how far each log is followed, at each look.
  std::function<void(const std::vector<FollowStatus>& follows)> on_follow{};
};

/// Where `config` says that the log of its node lies, with the options of the engine. With PostgreSQL it
/// reads the connection string, and this process is the holder. Fails as config::read_dsn().
[[nodiscard]] Result<engines::AnyLog> log_of(const config::Config& config);

/// The engine for `config`. Connects to nothing. With PostgreSQL it reads the connection string and, for
/// node.name = "*", the certificate of the node: it takes no seat that the certificate does not name. Fails
/// as config::read_dsn().
[[nodiscard]] Result<LogEngine> make_log_engine(const config::Config& config,
                                                const WaitHooks& hooks = {});

/// What follows the logs of the seats that `config` may take, for a runtime with `pipelines`, once
/// FollowedSeatsSlot::set() has it; null: it is not configured. `log`: of make_log_engine().
[[nodiscard]] std::shared_ptr<FollowedSeats> follow_seats(
    const config::Config& config, const LogEngine& log, const std::vector<PipelineSpec>& pipelines);

/// What a start of a node takes before anything of it runs.
struct Start {
  std::uint64_t incarnation = 0;
  /// The data directory is a copy; see Incarnation. False where the database is the log: of that there
  /// is one.
  bool is_copy = false;
  std::shared_ptr<logs::OpenedLog> log{};  ///< opened by take_start(); null: nobody has opened it
  std::string node{};                      ///< whose incarnation it is
};

/// Takes the next incarnation of the node: from its data directory, or, with PostgreSQL, the epoch of its
/// seat. The latter blocks while no seat is free for it, or no server can be reached, until
/// Engine::cancel(). Fails as next_incarnation(), HolderLinks::start() or Engine::open(). `log`: of
/// make_log_engine().
[[nodiscard]] Result<Start> take_start(const config::Config& config, const LogEngine& log,
                                       TimeUs now_us);

}  // namespace millrace::cluster
