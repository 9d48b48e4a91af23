// Admin: a connection for statements of whoever runs a server.
#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "messages/result.hpp"

struct pg_conn;

namespace millrace::servers {

/// What a wait returns that `is_cancelled` ended.
[[nodiscard]] Error run_ends();

/// Connection string for the superuser of the server whose socket is in `directory`, without the
/// database.
[[nodiscard]] std::string dsn_of(const std::filesystem::path& directory);

/// Used by one thread at a time.
class Admin {
 public:
  /// Connects to the server whose socket is in `directory`, which may be starting. Fails with
  /// `unreachable` after a minute, and with `draining` when `is_cancelled`. Blocks.
  [[nodiscard]] static Result<Admin> connect(const std::filesystem::path& directory,
                                             const std::atomic<bool>& is_cancelled,
                                             const std::string& database = "postgres");

  /// Runs statements; the first column of the last one's first row, or empty. Fails with
  /// `storage_failed`, `unreachable` (no answer for two minutes), and `draining` as connect(). Blocks.
  [[nodiscard]] Result<std::string> run(const std::string& sql);

 private:
  struct Close {
    void operator()(pg_conn* connection) const;
  };
  Admin(pg_conn* connection, const std::atomic<bool>& is_cancelled)
      : connection_(connection), is_cancelled_(&is_cancelled) {}

  std::unique_ptr<pg_conn, Close> connection_;
  const std::atomic<bool>* is_cancelled_;
};

}  // namespace millrace::servers
