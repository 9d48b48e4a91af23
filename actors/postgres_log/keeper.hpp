// Keeper: the thread for what a log needs beside its records: tables of segments ahead of time, released
// tables dropped, the listener told that there is no room.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <thread>

#include "actors/log/frame.hpp"
#include "actors/log/proposal.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "actors/postgres_log/writer.hpp"

namespace millrace::postgres_log {

/// Any thread may call any function, but for start(), stop() and the destructor.
class Keeper {
 public:
  /// Makes segments behind `newest`. REQUIRES: all references outlive the keeper.
  Keeper(const Options& options, const Owner& owner, SegmentNumber newest, Connector& connector,
         logs::Listener& listener);
  ~Keeper() { stop(false); }
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// REQUIRES: `writer` lives until stop() has returned.
  void start(Writer& writer);
  /// Ends the thread. Blocks, if `is_reachable` for up to Options::stop_patience, so that a statement that
  /// is under way may end. A second call does nothing.
  void stop(bool is_reachable);

  /// There may be something to do.
  void notify();
  /// Drops the tables of segments, some time. Ascending, and above those of earlier calls.
  void drop_segments(std::span<const SegmentNumber> segments);
  /// Drops the tables of the checkpoints before `number`, some time.
  void drop_checkpoints_before(std::uint64_t number);

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void work_until_stopped();
  void work();
  [[nodiscard]] bool has_work();
  [[nodiscard]] Result<void> make_segments(Session& session);
  [[nodiscard]] Result<void> drop_released(Session& session);
  [[nodiscard]] Result<Session*> ensure_session();
  void on_failed(const Error& error);
  void report_room();
  [[nodiscard]] Clock::time_point next_at() const;

  /// Tables made ahead of the one that is written.
  static constexpr std::size_t segments_ahead = 2;
  /// Between attempts to drop a table that somebody reads.
  static constexpr std::chrono::seconds drop_retry{1};

  const Options options_;
  const Owner owner_;
  Connector& connector_;
  Interrupt interrupt_;  ///< ends what the thread waits for
  logs::Listener& listener_;
  Writer* writer_ = nullptr;

  std::mutex mutex_;  ///< guards the fields down to is_done_
  std::condition_variable changed_;
  std::deque<SegmentNumber> released_;
  std::uint64_t checkpoints_before_ = 0;  ///< 0: none to drop
  bool is_notified_ = false;
  bool is_stopping_ = false;
  bool is_done_ = false;

  // Of the thread alone.
  std::unique_ptr<Session> session_;
  SegmentNumber newest_;
  bool is_fenced_ = false;
  bool was_full_ = false;
  bool has_failed_ = false;  ///< the last work(): not before retry_at_
  std::chrono::milliseconds retry_after_;
  Clock::time_point retry_at_;
  Clock::time_point drop_at_;
  Clock::time_point report_at_;
  std::thread thread_;
};

}  // namespace millrace::postgres_log
