// PostgresCopyTarget: the log of a seat that is written as the copy of another log, in one transaction:
// it is there as a whole or not at all.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/log/copy.hpp"
#include "actors/log/proposal.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/fence.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"

namespace millrace::postgres_log {

class PostgresCopyTarget final : public logs::CopyTarget {
 public:
  /// Makes the schema if there is none, and the seat. The first process that takes the seat gets an epoch
  /// above `epoch`. Waits for nobody, but for another copy to the same seat. Fails with `foreign_file`
  /// (the seat has had a log, or the schema has tables of others), `invalid_argument` (an option is out
  /// of range, or the server does not promise what a log needs), `unsupported_version`,
  /// `unauthenticated`, `storage_full`, `storage_failed`, `log_unreachable`.
  static Result<std::unique_ptr<PostgresCopyTarget>> open(const Options& options,
                                                          std::uint64_t epoch);

  ~PostgresCopyTarget() override;

  /// What where() returns for these options. Fails with `invalid_argument`.
  [[nodiscard]] static Result<std::string> where(const Options& options);

  [[nodiscard]] std::string where() const override { return where_; }
  Result<logs::Place> add(const logs::Frame& frame) override;
  Result<void> write_checkpoint(logs::Lsn replay_from, const logs::CheckpointFill& fill) override;
  Result<void> prepare() override;
  /// Commits. If the answer is lost, looks whether the commit took place, for up to Options::patience.
  Result<void> complete() override;

 private:
  PostgresCopyTarget(const Options& options, Dsn dsn, std::string where);

  [[nodiscard]] Result<void> begin(std::uint64_t epoch);
  [[nodiscard]] Result<void> open_segment(logs::Lsn first_lsn);
  [[nodiscard]] Result<void> write_group();
  [[nodiscard]] Result<void> look();

  const Options options_;
  const std::string where_;
  Interrupt interrupt_;
  Connector connector_;
  std::unique_ptr<Session> session_;
  Owner owner_;
  bool is_begun_ = false;  ///< the seat awaits the copy

  std::string insert_sql_;           ///< of the segment being written
  RowPlace place_{};                 ///< of the group being filled; segment 0: none is open
  std::uint64_t segment_bytes_ = 0;  ///< of the complete groups of the segment
  std::uint64_t group_bytes_ = 0;    ///< of the group being filled
  std::vector<logs::Committed> group_;
  std::vector<std::shared_ptr<logs::Proposal>> spare_;  ///< for records to come
  std::string row_;
};

}  // namespace millrace::postgres_log
