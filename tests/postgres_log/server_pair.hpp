// ServerPair and Admin for tests, where a server that fails ends the test.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "actors/base/temporary_directory.hpp"
#include "apps/simulate/servers/admin.hpp"
#include "apps/simulate/servers/server_pair.hpp"
#include "apps/simulate/servers/socket_proxy.hpp"

namespace millrace::postgres_log {

using servers::SocketProxy;

/// A connection for the test's own statements.
class Admin {
 public:
  /// Connects to the server whose socket is in `directory`. Aborts if it does not within a minute.
  explicit Admin(const std::filesystem::path& directory, const std::string& database = "postgres");

  /// Runs statements; the first column of the last one's first row. Aborts on an error.
  std::string run(const std::string& sql);

 private:
  servers::Admin admin_;
};

/// A pair in a temporary directory. Used by one thread, which must live as long: the servers end with it.
class ServerPair {
 public:
  /// `settings`: see servers::PairOptions.
  explicit ServerPair(const std::string& settings = {});

  /// The pair of this process, which is started by the first call.
  static ServerPair& shared();

  /// Directory of the socket of the primary, also after a failover.
  [[nodiscard]] std::filesystem::path primary_directory() const {
    return pair_->primary_directory();
  }
  [[nodiscard]] std::filesystem::path primary_socket() const { return pair_->primary_socket(); }
  [[nodiscard]] std::filesystem::path standby_directory() const {
    return pair_->standby_directory();
  }
  /// A new directory for a socket of the test.
  [[nodiscard]] std::filesystem::path new_socket_directory();
  /// Connection string for the superuser of the server whose socket is in `directory`.
  [[nodiscard]] static std::string dsn(const std::filesystem::path& directory) {
    return servers::dsn_of(directory);
  }

  /// The standby receives nothing more, until it is called with false.
  void hold_replication(bool holds) { pair_->hold_replication(holds); }
  /// The primary is killed, and the standby promoted with what it has received. The other server becomes
  /// the standby.
  void fail_over();
  /// The standby is killed and started again.
  void restart_standby();
  /// The primary is killed and started again with what it had made durable.
  void restart_primary();

 private:
  const TemporaryDirectory directory_;
  int sockets_ = 0;
  std::unique_ptr<servers::ServerPair> pair_;
};

}  // namespace millrace::postgres_log
