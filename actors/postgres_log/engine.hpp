// PostgresEngine: a schema of a PostgreSQL database as an engine behind actors/log/.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "actors/log/engine.hpp"
#include "actors/postgres_log/log_tables.hpp"
#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"

namespace millrace::postgres_log {

/// The log of one seat. As writer, open() takes the seat: it waits while another process holds it, and
/// fences that process then. With Options::node == any_seat it takes the first one that is free. As reader, it shows the log as of one moment, and keeps the tables from being
/// dropped while it is open.
class PostgresEngine final : public logs::Engine {
 public:
  /// Checks nothing yet: open() does.
  explicit PostgresEngine(const Options& options);
  ~PostgresEngine() override;

  [[nodiscard]] Result<std::unique_ptr<logs::OpenedLog>> open(logs::Opener opener) override;
  [[nodiscard]] std::unique_ptr<logs::Follower> follow(const std::string& node,
                                                       std::chrono::milliseconds interval) override;
  void cancel() override { interrupt_.raise(); }
  [[nodiscard]] bool keeps_files() const override { return true; }
  [[nodiscard]] std::string where() const override;

 private:
  struct Opening;

  [[nodiscard]] Result<std::unique_ptr<logs::OpenedLog>> open_once(logs::Opener opener,
                                                                   Opening& opening);
  // Connects, and makes the schema for a writer, but not one that this process has seen before.
  [[nodiscard]] Result<void> connect(logs::Opener opener, Opening& opening);
  // While the session waits for an answer, tells whether the server waits for its standby.
  void watch_standby(Opening& opening);
  // The name of the seat to take now. Fails with `storage_locked`: none is free.
  [[nodiscard]] Result<std::string> choose(Session& session, LeaseTrust& trust) const;
  // Takes the log of a seat, unless this process remembers more of it.
  [[nodiscard]] Result<LogTables> take(Opening& opening, const Options& options) const;
  // Fails if this process remembers more of the seat `name` than `found`: with `log_unreachable` at first, as
  // another host may have more, then with `outdated`.
  [[nodiscard]] Result<void> check_remembered(Opening& opening, const std::string& name,
                                              const SeatMemory& found) const;
  // Tells why the opening waits, if that is new.
  void tell(Opening& opening, const Error& reason) const;

  const Options options_;
  Interrupt interrupt_;
  std::optional<Error> refused_;            ///< why the options cannot be used
  std::unique_ptr<Connector> connector_{};  ///< null if refused_
};

}  // namespace millrace::postgres_log
