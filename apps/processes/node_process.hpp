// NodeProcess: a child process that runs this program, mostly as a node.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include "messages/result.hpp"

namespace millrace::processes {

/// Exit of a process, and its resource usage.
struct ProcessEnd {
  int exit_status = 0;  ///< valid if `signal` is 0
  int signal = 0;       ///< that ended the process; 0: it exited
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;
};

/// Owns a child process: the destructor kills it and waits. The child also ends when the parent
/// ends.
class NodeProcess {
 public:
  /// Starts this program with `arguments`. The child inherits `fd`, if set. Its output is appended
  /// to the file `log`; if `log` is empty, the child inherits stdout and stderr. Fails with
  /// `storage_failed`.
  [[nodiscard]] static Result<NodeProcess> start(const std::vector<std::string>& arguments,
                                                 std::optional<int> fd,
                                                 const std::filesystem::path& log);

  ~NodeProcess();
  NodeProcess(NodeProcess&& other) noexcept;
  NodeProcess& operator=(NodeProcess&& other) noexcept;

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// A descriptor that becomes readable when the process ends.
  [[nodiscard]] int end_fd() const { return pid_fd_; }

  /// Blocks until the process ends, for at most `span`; nullopt if it still runs.
  [[nodiscard]] std::optional<ProcessEnd> wait_for(std::chrono::milliseconds span);

  /// Sends SIGKILL and blocks until the process has ended.
  ProcessEnd kill();

  /// Sends a signal (SIGTERM, SIGSTOP or SIGCONT) and does not wait.
  void send(int signal) const;

  /// Current resident memory in bytes; 0 if the process has ended.
  [[nodiscard]] std::uint64_t rss_bytes() const;

 private:
  NodeProcess(pid_t pid, int pid_fd) : pid_(pid), pid_fd_(pid_fd) {}
  [[nodiscard]] ProcessEnd reap();

  pid_t pid_;
  int pid_fd_;
};

}  // namespace millrace::processes
