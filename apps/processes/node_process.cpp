#include "apps/processes/node_process.hpp"

#include <cerrno>
#include <csignal>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "actors/base/assert.hpp"

namespace millrace::processes {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

Error process_failed(const char* what) {
  return {ErrorCode::storage_failed, std::string("the node's process: ") + what + ": " +
                                         std::system_category().message(errno)};
}

// Runs between fork and exec: only async-signal-safe calls, no allocation, no locks.
[[noreturn]] void become_node(char* const* arguments, std::optional<int> fd, const char* log,
                              pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  // A process group of its own: Ctrl-C of the terminal reaches only the parent.
  setpgid(0, 0);
  if (fd) fcntl(*fd, F_SETFD, 0);
  if (*log != 0) {
    const int log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (log_fd < 0 || dup2(log_fd, STDOUT_FILENO) < 0 || dup2(log_fd, STDERR_FILENO) < 0) _exit(1);
  }
  execv("/proc/self/exe", arguments);
  _exit(127);
}

}  // namespace

Result<NodeProcess> NodeProcess::start(const std::vector<std::string>& arguments,
                                       std::optional<int> fd, const std::filesystem::path& log) {
  std::string name = "millrace";
  std::vector<std::string> copies = arguments;
  std::vector<char*> pointers{name.data()};
  for (std::string& argument : copies) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) return process_failed("fork");
  if (pid == 0) become_node(pointers.data(), fd, log.c_str(), parent);
  const auto pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pid_fd < 0) {
    const Error error = process_failed("pidfd_open");
    ::kill(pid, SIGKILL);
    waitpid(pid, nullptr, 0);
    return error;
  }
  return NodeProcess(pid, pid_fd);
}

NodeProcess::~NodeProcess() {
  if (pid_ > 0) kill();
}

NodeProcess::NodeProcess(NodeProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pid_fd_(std::exchange(other.pid_fd_, -1)) {}

NodeProcess& NodeProcess::operator=(NodeProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pid_fd_, other.pid_fd_);
  return *this;
}

ProcessEnd NodeProcess::reap() {
  int status = 0;
  rusage usage{};
  wait4(pid_, &status, 0, &usage);
  close(pid_fd_);
  pid_ = pid_fd_ = -1;
  ProcessEnd end;
  if (WIFSIGNALED(status)) {
    end.signal = WTERMSIG(status);
  } else {
    end.exit_status = WEXITSTATUS(status);
  }
  end.rss_peak_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
  end.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  return end;
}

std::optional<ProcessEnd> NodeProcess::wait_for(std::chrono::milliseconds span) {
  pollfd ended{.fd = pid_fd_, .events = POLLIN, .revents = 0};
  if (poll(&ended, 1, static_cast<int>(span.count())) <= 0) return std::nullopt;
  return reap();
}

ProcessEnd NodeProcess::kill() {
  MILLRACE_ASSERT(pid_ > 0);
  ::kill(pid_, SIGKILL);
  return reap();
}

void NodeProcess::send(int signal) const {
  MILLRACE_ASSERT(pid_ > 0);  // kill(-1) would reach every process of the user
  ::kill(pid_, signal);
}

std::uint64_t NodeProcess::rss_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(statm >> total >> resident)) return 0;
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace millrace::processes
