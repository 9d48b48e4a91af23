// Writer: the thread that makes records durable and confirms them. Decisions are those of CommitCore;
// this shell forms groups, drives the sessions that write them, and settles what came into doubt.
//
//   append() ──▶ pending ──▶ group ──▶ a session, in one round trip ──▶ confirmed, in log order
//                                            │ no answer, or an error
//                                            ▼
//                               settle: connect again, look, write again, marker
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include "actors/log/log_stats.hpp"
#include "actors/log/proposal.hpp"
#include "actors/postgres_log/core/commit_core.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/reachability.hpp"
#include "actors/postgres_log/segment_map.hpp"
#include "actors/postgres_log/session/connector.hpp"

namespace millrace::postgres_log {

/// Any thread may call any function, but for start(), stop() and the destructor.
class Writer {
 public:
  /// Continues a log that ends with record `last_lsn`. `notify_keeper` is called on the writer's
  /// thread when one of the segments of add_segment() is taken into use, and when there is no room.
  /// REQUIRES: connector, interrupt, segments and listener outlive the writer.
  Writer(const Options& options, const Owner& owner, Lsn last_lsn, Connector& connector,
         Interrupt& interrupt, SegmentMap& segments, logs::Listener& listener,
         std::function<void()> notify_keeper);
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  void start();
  /// Confirms what was accepted, as far as the server answers in time, and ends the thread. The interrupt
  /// is raised when it returns. Blocks; a second call does nothing.
  void stop();

  /// See logs::Log::append().
  [[nodiscard]] Result<void> append(std::span<std::shared_ptr<logs::Proposal>> proposals);

  /// The table of a segment is there, for groups to come. Numbers grow.
  void add_segment(SegmentNumber segment);
  /// Something may be amiss, such as the epoch: the writer looks before it writes on.
  void look();

  /// Whether there is no room for the tables of segments to come.
  void set_segments_full(bool is_full) { are_segments_full_ = is_full; }

  [[nodiscard]] bool is_full() const { return is_full_.load() || are_segments_full_.load(); }
  [[nodiscard]] Lsn confirmed_lsn() const { return confirmed_lsn_.load(); }
  [[nodiscard]] const Reachability& reachability() const { return reachability_; }
  [[nodiscard]] const logs::GroupCounters& counters() const { return counters_; }
  [[nodiscard]] std::size_t segments_ready() const;
  /// Groups whose commits are in doubt now, and how many came into doubt since the start.
  [[nodiscard]] std::uint64_t in_doubt() const { return in_doubt_; }
  [[nodiscard]] std::uint64_t doubts() const { return doubts_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// A group that is not confirmed.
  struct Group {
    std::vector<logs::Committed> records;
    std::string row;
    Clock::time_point appended_at;
    Clock::time_point sent_at;
  };
  /// A session, and the group that it writes.
  struct Lane {
    std::unique_ptr<Session> session;
    std::optional<GroupNumber> group;
    Clock::time_point sent_at;
  };

  void run();
  bool take_pending();
  void form_groups();
  bool ensure_segment(std::uint64_t bytes);
  void form_group(Lane& lane);
  void send(Lane& lane, GroupNumber number);
  void wait_for_events();
  void on_event(Lane& lane);
  void on_group_failed(Lane& lane, const GroupEnd& end);
  void watch_patience();
  void drop_silent_lanes();
  void look_elsewhere();
  void confirm();
  bool settle();
  [[nodiscard]] Result<void> settle_once();
  [[nodiscard]] Result<void> look_and_repair(Session& session);
  [[nodiscard]] Result<void> check_confirmed(Session& session);
  [[nodiscard]] Result<std::vector<SeenRow>> see_rows(Session& session);
  bool on_settle_failed(const Error& error, Backoff& backoff);
  void fail(const Error& error);
  [[nodiscard]] Group& group(GroupNumber number) {
    return groups_[number - core_.first_unconfirmed()];
  }
  [[nodiscard]] std::string table_of(SegmentNumber segment) const;

  const Options options_;
  const Owner owner_;
  Connector& connector_;
  Interrupt& interrupt_;  ///< ends everything
  SegmentMap& segments_;
  logs::Listener& listener_;
  const std::function<void()> notify_keeper_;
  const std::string fence_sql_;
  const std::int32_t lock_class_;
  Interrupt wake_;  ///< there is something new for the thread

  mutable std::mutex mutex_;  ///< guards the fields down to is_done_
  std::condition_variable done_;
  std::vector<std::shared_ptr<logs::Proposal>> appended_;
  Clock::time_point appended_at_;  ///< of the oldest in appended_
  std::deque<SegmentNumber> ready_;
  std::optional<Error> failure_;
  bool is_stopping_ = false;
  bool must_look_ = false;
  bool is_done_ = false;

  // Of the thread alone.
  CommitCore core_;
  std::deque<std::shared_ptr<logs::Proposal>> pending_;
  Clock::time_point pending_at_;
  std::deque<Group> groups_;  ///< those of core_, in their order
  std::vector<std::string> spare_rows_;
  std::vector<Lane> lanes_;
  std::string insert_sql_;
  SegmentNumber insert_segment_ = 0;               ///< of insert_sql_
  std::string server_;                             ///< that the lanes are connected to
  std::optional<Clock::time_point> silent_since_;  ///< or since look_elsewhere() found nothing
  std::optional<Clock::time_point> settle_since_;
  std::optional<Clock::time_point> segment_since_;  ///< records wait for a segment since then

  std::atomic<bool> is_full_ = false;            ///< the last look found no room
  std::atomic<bool> are_segments_full_ = false;  ///< see set_segments_full()
  std::atomic<std::uint64_t> in_doubt_ = 0;
  std::atomic<std::uint64_t> doubts_ = 0;
  std::atomic<Lsn> confirmed_lsn_;
  Reachability reachability_;
  logs::GroupCounters counters_;
  std::thread thread_;
};

}  // namespace millrace::postgres_log
