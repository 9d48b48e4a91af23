#include "apps/simulate/servers/child_process.hpp"

#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::servers {
namespace {

Error failed(const std::string& program, const char* what) {
  return {ErrorCode::storage_failed,
          program + ": " + what + ": " + std::system_category().message(errno)};
}

// Between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* argv, int out, const User& user, pid_t parent) {
  if (geteuid() == 0 &&
      (setgroups(0, nullptr) != 0 || setgid(user.gid) != 0 || setuid(user.uid) != 0)) {
    _exit(126);
  }
  // After the change of the user, which clears the signal.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(126);
  setsid();
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  if (chdir("/") != 0) _exit(126);
  // The settings of a user's own libpq must not lead to another server.
  for (const char* name : {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGDATA"}) {
    unsetenv(name);
  }
  execv(argv[0], argv);
  _exit(127);
}

// Field 4 of proc(5), stat; the second field is the program's name in parentheses.
pid_t parent_of(const std::filesystem::path& process) {
  std::ifstream in(process / "stat");
  std::string stat;
  std::getline(in, stat);
  const std::size_t at = stat.rfind(')');
  if (at == std::string::npos || at + 4 >= stat.size()) return -1;
  pid_t parent = -1;
  std::from_chars(stat.data() + at + 4, stat.data() + stat.size(), parent);
  return parent;
}

std::vector<pid_t> children_of(pid_t pid) {
  std::vector<pid_t> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t child = 0;
    const auto [end, bad] = std::from_chars(name.data(), name.data() + name.size(), child);
    if (bad != std::errc() || end != name.data() + name.size()) continue;
    if (parent_of(entry.path()) == pid) children.push_back(child);
  }
  return children;
}

}  // namespace

Result<User> server_user() {
  if (geteuid() != 0) return User{geteuid(), getegid()};
  const passwd* const found = getpwnam("postgres");
  if (found == nullptr) {
    return Error{ErrorCode::not_found,
                 "there is no user postgres to run the servers: install the package postgresql"};
  }
  return User{found->pw_uid, found->pw_gid};
}

Result<ChildProcess> ChildProcess::start(const std::vector<std::string>& arguments,
                                         const std::filesystem::path& output) {
  std::vector<std::string> copy = arguments;
  std::vector<char*> argv;
  for (std::string& one : copy) argv.push_back(one.data());
  argv.push_back(nullptr);
  const auto user = server_user();
  if (!user) return user.error();
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (out < 0) return failed(output.string(), "open");
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) become(argv.data(), out, *user, parent);
  const Error not_forked = failed(arguments.front(), "fork");
  close(out);
  if (pid < 0) return not_forked;
  const auto pid_fd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  ChildProcess process(pid, pid_fd);
  if (pid_fd < 0) return failed(arguments.front(), "pidfd_open");
  return process;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  // With the programs that it has started, such as those of initdb, which would write on: they are of its
  // session, unless it has not begun one yet.
  kill(-pid_, SIGKILL);
  signal(SIGKILL);
  wait();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)), pid_fd_(std::exchange(other.pid_fd_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(pid_fd_, other.pid_fd_);
  return *this;
}

int ChildProcess::reap() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  pid_t reaped = -1;
  do {
    reaped = waitpid(pid, &status, 0);
  } while (reaped < 0 && errno == EINTR);
  if (pid_fd_ >= 0) close(std::exchange(pid_fd_, -1));
  return reaped == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::optional<int> ChildProcess::wait_for(std::chrono::milliseconds span) {
  pollfd ended{.fd = pid_fd_, .events = POLLIN, .revents = 0};
  if (poll(&ended, 1, static_cast<int>(span.count())) <= 0) return std::nullopt;
  return reap();
}

int ChildProcess::wait() {
  return pid_ > 0 ? reap() : -1;
}

void ChildProcess::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void ChildProcess::pause(bool is_paused) const {
  if (pid_ <= 0) return;
  // Stopped first, so that it starts no further children meanwhile; continued last.
  if (is_paused) signal(SIGSTOP);
  for (const pid_t child : children_of(pid_)) kill(child, is_paused ? SIGSTOP : SIGCONT);
  if (!is_paused) signal(SIGCONT);
}

}  // namespace millrace::servers
