// ServerPair: a primary and a synchronous standby of Debian's PostgreSQL in a temporary directory, on Unix
// sockets alone. They end with the test.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/temporary_directory.hpp"
#include "tests/postgres_log/child_process.hpp"
#include "tests/postgres_log/socket_proxy.hpp"

struct pg_conn;

namespace millrace::postgres_log {

/// A connection for the test's own statements.
class Admin {
 public:
  /// Connects to the server whose socket is in `directory`. Aborts if it does not within a minute.
  explicit Admin(const std::filesystem::path& directory, const std::string& database = "postgres");
  ~Admin();
  Admin(const Admin&) = delete;
  Admin& operator=(const Admin&) = delete;

  /// Runs statements; the first column of the last one's first row. Aborts on an error.
  std::string run(const std::string& sql);

 private:
  pg_conn* const connection_;
};

/// Used by one thread, which must live as long: the servers end with it.
class ServerPair {
 public:
  ServerPair();
  ~ServerPair();
  ServerPair(const ServerPair&) = delete;
  ServerPair& operator=(const ServerPair&) = delete;

  /// The pair of this process, which is started by the first call, and anew after a failover.
  static ServerPair& shared();

  /// Directory of the socket of the primary, also after a failover.
  [[nodiscard]] std::filesystem::path primary_directory() const;
  [[nodiscard]] std::filesystem::path primary_socket() const {
    return primary_directory() / ".s.PGSQL.5432";
  }
  [[nodiscard]] std::filesystem::path standby_directory() const { return root_ / "standby-socket"; }
  /// A new directory for a socket of the test.
  [[nodiscard]] std::filesystem::path new_socket_directory();
  /// Connection string for the superuser of the server whose socket is in `directory`.
  [[nodiscard]] static std::string dsn(const std::filesystem::path& directory);

  /// The standby receives nothing more, until it is called with false.
  void hold_replication(bool holds);
  /// The primary is killed, and the standby promoted with what it has received. A receiver of its log is
  /// the new one's standby. Once.
  void fail_over();
  [[nodiscard]] bool has_failed_over() const { return has_failed_over_; }
  /// The primary is killed and started again with what it had made durable.
  void restart_primary();

 private:
  [[nodiscard]] std::filesystem::path program(const std::string& name) const;
  [[nodiscard]] ChildProcess start_server(const std::string& name);
  void make_primary();
  void make_standby();

  const TemporaryDirectory directory_;
  const std::filesystem::path root_;
  const std::filesystem::path programs_;
  int sockets_ = 0;
  bool has_failed_over_ = false;
  ChildProcess primary_;
  std::unique_ptr<SocketProxy> replication_;  ///< between primary and standby
  ChildProcess standby_;
  ChildProcess receiver_;  ///< after a failover
};

}  // namespace millrace::postgres_log
