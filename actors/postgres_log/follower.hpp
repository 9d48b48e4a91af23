// PostgresFollower: follows the log of a seat that another process holds, in short transactions of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "actors/log/follower.hpp"
#include "actors/postgres_log/core/follow_core.hpp"
#include "actors/postgres_log/core/part_format.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "actors/postgres_log/stored_files.hpp"

namespace millrace::postgres_log {

/// See logs::Follower. Has one connection, and one more while it reads files. A transaction reads up to
/// `step_bytes`, and ends before anything is visited: a table is locked against its release for that time
/// alone. Decisions are those of FollowCore.
class PostgresFollower final : public logs::Follower {
 public:
  /// Follows the log of the seat options.node. `interval`: see logs::Engine::follow(). REQUIRES: the connector
  /// outlives the follower.
  PostgresFollower(Options options, Connector& connector, std::chrono::milliseconds interval);

  [[nodiscard]] Result<bool> advance(logs::FollowVisitor& visitor) override;
  [[nodiscard]] logs::FollowMark mark() const override { return core_.mark(); }
  void cancel() override { interrupt_.raise(); }

 private:
  using Clock = std::chrono::steady_clock;

  /// What one transaction has found.
  struct Found {
    FollowView view{};
    FollowPlan plan{};
    std::optional<Rows> parts{};
    std::optional<Rows> rows{};
    SegmentNumber segment = 0;  ///< of `rows`
  };

  [[nodiscard]] bool wait_until_due();
  [[nodiscard]] Result<void> connect();
  [[nodiscard]] Result<Found> look();
  [[nodiscard]] Result<Found> look_in_transaction();
  [[nodiscard]] Result<FollowView> read_view();
  [[nodiscard]] Result<void> read_rows(Found& found);
  [[nodiscard]] Result<SegmentNumber> find_segment(std::int32_t seat,
                                                   const std::vector<SegmentNumber>& segments);
  [[nodiscard]] Result<bool> visit(const Found& found, logs::FollowVisitor& visitor);
  [[nodiscard]] Result<void> begin(const FollowView& view, const std::string& reason,
                                   logs::FollowVisitor& visitor);
  [[nodiscard]] Result<bool> visit_parts(const Rows& parts, logs::FollowVisitor& visitor);
  [[nodiscard]] Result<bool> visit_rows(const Found& found, logs::FollowVisitor& visitor);
  void look_elsewhere();

  static constexpr std::int64_t step_bytes = std::int64_t{4} << 20;  ///< and one row or part more
  static constexpr std::int64_t step_parts = 4;                      ///< of up to 1 MiB
  static constexpr std::int64_t step_rows = 256;
  /// Before it begins anew with a log that it could not visit.
  static constexpr std::chrono::seconds anew_pause{5};

  const Options options_;
  Connector& connector_;
  const std::chrono::milliseconds interval_;
  Interrupt interrupt_;
  std::unique_ptr<Session> session_;  ///< null: not connected
  bool reads_system_ = false;         ///< see may_read_system(); of the session
  FollowCore core_;
  std::optional<PartDecoder> decoder_;  ///< of the checkpoint that core_ reads
  std::unique_ptr<StoredFiles> files_;  ///< null: nothing is followed
  Clock::time_point next_at_{};         ///< of the next look
  Clock::time_point last_new_at_ = Clock::now();
  std::chrono::milliseconds retry_;  ///< after the next failure
};

}  // namespace millrace::postgres_log
