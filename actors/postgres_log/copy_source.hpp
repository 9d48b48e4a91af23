// PostgresCopySource: the log of a seat, as it is copied to another engine. All of it is one transaction,
// so that a copy that ends early leaves the log as it was.
#pragma once

#include <memory>
#include <string>

#include "actors/log/copy.hpp"
#include "actors/postgres_log/log_tables.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "actors/postgres_log/stored_files.hpp"

namespace millrace::postgres_log {

class PostgresCopySource final : public logs::CopySource {
 public:
  /// Takes the seat and finds its log, in a transaction that is open from then on. `target`: of an earlier
  /// attempt to copy to the same place (logs::CopyTarget::where()), which may have given the seat up before
  /// it was complete. Waits for nobody. Fails with `invalid_argument` (an option is out of range, or the
  /// server does not promise what a log needs), `not_found` (there is no log), `storage_locked` (a process
  /// holds the seat), `outdated` (its log has moved to another place), `unsupported_version`,
  /// `foreign_file`, `unauthenticated`, `corrupt`, `storage_failed`, `log_unreachable`.
  static Result<std::unique_ptr<PostgresCopySource>> open(const Options& options,
                                                          const std::string& target);

  [[nodiscard]] const logs::CopyExtent& extent() const override { return extent_; }
  [[nodiscard]] bool was_given_up() const override { return was_given_up_; }
  /// The epoch of the last process that held the seat, or a later one.
  [[nodiscard]] std::uint64_t epoch() const { return tables_.epoch; }

  Result<void> visit_records(const logs::FrameVisitor& visit) override;
  Result<void> visit_checkpoint(const logs::EntryVisitor& visit) override;
  [[nodiscard]] logs::FileStore* files() override { return files_.get(); }
  /// Commits the transaction, with a holder of the seat that says where the log is.
  Result<void> give_up(const std::string& target) override;

 private:
  PostgresCopySource(const Options& options, Dsn dsn);

  const Options options_;
  Interrupt interrupt_;
  Connector connector_;
  std::unique_ptr<Session> guard_;    ///< in the transaction
  std::unique_ptr<Session> session_;  ///< in none: each table that a transaction reads stays locked
  LogTables tables_;
  std::unique_ptr<StoredFiles> files_;
  logs::CopyExtent extent_;
  bool was_given_up_ = false;
};

}  // namespace millrace::postgres_log
