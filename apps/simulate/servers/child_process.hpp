// ChildProcess: a program that ends with the process that started it, whatever becomes of that one.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "messages/result.hpp"

namespace millrace::servers {

/// The user that servers run as: PostgreSQL refuses to run as root.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};

/// This process's user; if that is root, the user that Debian's package has made. Fails with
/// `not_found`, and names the package.
[[nodiscard]] Result<User> server_user();

/// A running program. Used by one thread, which must live as long: the program ends with that thread.
class ChildProcess {
 public:
  ChildProcess() = default;
  /// Starts `arguments`, the first of which is a path, as server_user(), in a session of its own, so that
  /// the signals of a terminal do not reach it. Its output is appended to `output`. Fails with
  /// `not_found` (as server_user()) or `storage_failed`.
  [[nodiscard]] static Result<ChildProcess> start(const std::vector<std::string>& arguments,
                                                  const std::filesystem::path& output);
  /// Kills the program and what it has started in its session, and waits until it has ended.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  [[nodiscard]] bool is_running() const { return pid_ > 0; }
  /// Waits for at most `span`. Returns the exit status once it has ended, -1 if a signal ended it.
  [[nodiscard]] std::optional<int> wait_for(std::chrono::milliseconds span);
  /// Waits until it ends; as wait_for().
  int wait();
  void signal(int number) const;
  /// Stops or continues the program and its children, as a machine does that is paused.
  void pause(bool is_paused) const;

 private:
  ChildProcess(pid_t pid, int pid_fd) : pid_(pid), pid_fd_(pid_fd) {}
  int reap();

  pid_t pid_ = -1;
  int pid_fd_ = -1;
};

}  // namespace millrace::servers
