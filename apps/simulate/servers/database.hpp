// Database: a ServerPair on a thread of its own, and the links that lead each process of a run to it.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "apps/simulate/servers/server_pair.hpp"
#include "apps/simulate/servers/socket_proxy.hpp"
#include "messages/result.hpp"

namespace millrace::servers {

/// Any thread may call any function, but for the constructor and destructor. The servers end with it.
class Database {
 public:
  using Work = std::function<Result<void>(ServerPair&)>;

  /// Starts a pair in `directory`. Asks `is_interrupted` meanwhile, and fails with `draining` if so.
  /// Else fails as ServerPair::start(). Blocks, for a few seconds.
  [[nodiscard]] static Result<std::unique_ptr<Database>> start(
      const std::filesystem::path& directory, const std::function<bool()>& is_interrupted);
  /// Ends work that goes on, and the servers. Blocks.
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs `work` on the thread of the pair, after all work that was requested before.
  void request(Work work);
  /// Whether all requested work has been done. Fails with the first error of any work.
  [[nodiscard]] Result<bool> is_idle() const;

  /// Connection string that leads directly to whichever server is the primary.
  [[nodiscard]] std::string dsn() const;
  /// The same through links of its own, which can be cut. REQUIRES: numbers are given in their order,
  /// from 0, and from one thread.
  [[nodiscard]] std::string make_link(std::size_t process);

  enum class Cut : std::uint8_t {
    closed,  ///< connections end, and new ones as well
    silent,  ///< nothing arrives any more, and no connection ends
    none,
  };
  /// What the connections of a process meet from now on.
  void cut(std::size_t process, Cut cut);

 private:
  struct Link {
    std::unique_ptr<SocketProxy> to_a;
    std::unique_ptr<SocketProxy> to_b;
  };

  explicit Database(std::filesystem::path directory) : directory_(std::move(directory)) {}
  void run();
  [[nodiscard]] std::filesystem::path socket_directory(const char* server) const;

  const std::filesystem::path directory_;
  std::vector<Link> links_;  ///< of the thread that calls make_link() and cut()

  std::atomic<bool> is_cancelled_ = false;
  mutable std::mutex mutex_;  ///< guards the fields down to is_stopping_
  std::condition_variable changed_;
  std::deque<Work> requested_;
  bool is_working_ = true;  ///< until the pair runs
  std::optional<Error> failure_;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace millrace::servers
