// ServerPair: a primary and a synchronous standby of Debian's PostgreSQL in one directory, on Unix sockets
// alone, and what happens to such servers.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "apps/simulate/servers/admin.hpp"
#include "apps/simulate/servers/child_process.hpp"
#include "apps/simulate/servers/socket_proxy.hpp"
#include "messages/result.hpp"

namespace millrace::servers {

/// Where the pair lies, and what ends its waits.
struct PairOptions {
  /// New or empty; the pair makes it its own. A user that is not root must be able to enter it. At most
  /// directory_bytes_max long, as sockets lie in it.
  std::filesystem::path directory;
  /// Lines of pg_hba.conf before those that let the own user in.
  std::string access{};
  /// Lines of postgresql.conf behind those of the pair, of both servers.
  std::string settings{};
  /// All functions fail with `draining` from then on, as soon as they can. Outlives the pair.
  const std::atomic<bool>* is_cancelled;
};

/// Bytes of PairOptions::directory: a socket's path has at most 107.
inline constexpr std::size_t directory_bytes_max = 80;

/// One of the two servers is the primary; they change places at each failover. Used by one thread, which
/// must live as long: the servers end with it. All functions block. All that return a Result fail with
/// `storage_failed` (a server or one of its programs failed; the message names its log), `unreachable`
/// (it does not answer for a minute, or a program or the standby needs more than three) or `draining`.
class ServerPair {
 public:
  /// Makes both servers and starts them. Fails also with `not_found` (the programs are not installed;
  /// the message names the package) and `invalid_argument` (the directory).
  [[nodiscard]] static Result<std::unique_ptr<ServerPair>> start(const PairOptions& options);
  /// Ends both servers. Their directory stays.
  ~ServerPair();
  ServerPair(const ServerPair&) = delete;
  ServerPair& operator=(const ServerPair&) = delete;

  /// Directory of the socket of a server.
  [[nodiscard]] std::filesystem::path primary_directory() const { return socket_of(primary_); }
  [[nodiscard]] std::filesystem::path standby_directory() const { return socket_of(1 - primary_); }
  [[nodiscard]] std::filesystem::path primary_socket() const {
    return primary_directory() / ".s.PGSQL.5432";
  }

  /// The standby receives nothing more, until it is called with false.
  void hold_replication(bool holds) { replication_->hold_answers(holds); }

  /// What the link to the standby holds never arrives, nor what comes later, until rebuild_standby().
  void cut_replication() { replication_->cut(true); }

  /// The primary ends at once, as by a crash.
  Result<void> stop_primary() { return stop(primary_); }
  /// It starts again with what it had made durable. REQUIRES: it was stopped.
  Result<void> start_primary() { return start_and_await(primary_); }
  /// The processes of the primary stop or continue.
  void pause_primary(bool is_paused);

  /// The standby ends at once: commits of the primary wait.
  Result<void> stop_standby() { return stop(1 - primary_); }
  /// It starts again. Returns when it receives what the primary writes.
  Result<void> start_standby();

  /// The standby becomes the primary with what it has received. The former primary is cut off from it,
  /// and runs on if it runs.
  Result<void> promote();
  /// The server that is not the primary ends for good, and is made anew as its standby.
  Result<void> rebuild_standby();

 private:
  struct Server {
    std::string name;
    ChildProcess process{};
    bool is_paused = false;
  };

  ServerPair(const PairOptions& options, std::filesystem::path programs);
  [[nodiscard]] std::filesystem::path socket_of(std::size_t server) const {
    return root_ / (servers_[server].name + "-socket");
  }
  [[nodiscard]] std::filesystem::path log_of(const Server& server) const {
    return root_ / (server.name + ".log");
  }
  Result<void> make_primary();
  Result<void> make_standby();
  Result<void> run_program(const std::vector<std::string>& arguments, const std::string& log);
  Result<void> stop(std::size_t server);
  Result<void> spawn(std::size_t server);
  Result<void> start_and_await(std::size_t server);

  const PairOptions options_;
  const std::filesystem::path root_;
  const std::filesystem::path programs_;
  std::array<Server, 2> servers_{Server{"a"}, Server{"b"}};
  std::size_t primary_ = 0;
  std::unique_ptr<SocketProxy> replication_;  ///< leads the standby to the primary
};

/// Directory of the newest server's programs below `versions`: Debian keeps each version apart. Fails with
/// `not_found`, and names the package.
[[nodiscard]] Result<std::filesystem::path> find_programs(
    const std::filesystem::path& versions = "/usr/lib/postgresql");

/// Makes a directory of the servers' user that no other user may enter. Fails with `storage_failed`.
[[nodiscard]] Result<void> make_owned_directory(const std::filesystem::path& path);

}  // namespace millrace::servers
