// NodeProcess: the node of a simulation as a process of its own, which can be killed for real.
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

namespace millrace::simulate {

/// How a process ended, and what it had used.
struct ProcessEnd {
  int exit_status = 0;  ///< only where `signal` is 0
  int signal = 0;
  std::uint64_t rss_peak_bytes = 0;
  double cpu_s = 0;
};

/// A child process. Killed, and waited for, when destroyed; it ends as well when its parent does.
class NodeProcess {
 public:
  /// Runs this program again with `arguments`; the child keeps `fd` open, where there is one. What
  /// it prints is added to the file `log`; where that is empty, it goes where this process's does.
  /// Fails with `storage_failed`.
  [[nodiscard]] static Result<NodeProcess> start(const std::vector<std::string>& arguments,
                                                 std::optional<int> fd,
                                                 const std::filesystem::path& log);

  ~NodeProcess();
  NodeProcess(NodeProcess&& other) noexcept;
  NodeProcess& operator=(NodeProcess&& other) noexcept;

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// Readable when the process has ended.
  [[nodiscard]] int end_fd() const { return pid_fd_; }

  /// Waits for the end, at most for `span`; nothing when it still runs.
  [[nodiscard]] std::optional<ProcessEnd> wait_for(std::chrono::milliseconds span);

  /// SIGKILL, and the wait for the end.
  ProcessEnd kill();

  /// SIGTERM, SIGSTOP or SIGCONT, without waiting for what comes of it.
  void send(int signal) const;

  /// Resident memory now; 0 when it has ended.
  [[nodiscard]] std::uint64_t rss_bytes() const;

 private:
  NodeProcess(pid_t pid, int pid_fd) : pid_(pid), pid_fd_(pid_fd) {}
  [[nodiscard]] ProcessEnd reap();

  pid_t pid_;
  int pid_fd_;
};

}  // namespace millrace::simulate
