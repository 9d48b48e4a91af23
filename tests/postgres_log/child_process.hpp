// ChildProcess: a program that ends with the test, whatever becomes of the test.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <sys/types.h>

namespace millrace::postgres_log {

/// The user that servers run as: PostgreSQL refuses to run as root.
struct User {
  uid_t uid = 0;
  gid_t gid = 0;
};
/// This process's user; if that is root, the user that Debian's package has made.
[[nodiscard]] User server_user();

/// A running program. Its output goes to a file. Used by one thread, which must live as long.
class ChildProcess {
 public:
  ChildProcess() = default;
  /// Starts `arguments`, the first of which is a path, as server_user(). Aborts if that fails.
  ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output);
  /// Kills the program, and waits until it has ended.
  ~ChildProcess();
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;

  /// Waits until it ends. Returns its exit status, or -1 if a signal ended it.
  int wait();
  void signal(int number) const;
  [[nodiscard]] bool is_running() const { return pid_ > 0; }

 private:
  pid_t pid_ = -1;
};

/// Runs a program to its end. Aborts, with its output, if it fails.
void run_program(const std::vector<std::string>& arguments, const std::filesystem::path& output);

}  // namespace millrace::postgres_log
