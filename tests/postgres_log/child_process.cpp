#include "tests/postgres_log/child_process.hpp"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <utility>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace millrace::postgres_log {

User server_user() {
  if (geteuid() != 0) return {geteuid(), getegid()};
  const passwd* const found = getpwnam("postgres");
  if (found == nullptr) {
    std::cerr << "there is no user postgres: install the package postgresql\n";
    std::abort();
  }
  return {found->pw_uid, found->pw_gid};
}

ChildProcess::ChildProcess(const std::vector<std::string>& arguments,
                           const std::filesystem::path& output) {
  std::vector<std::string> copy = arguments;
  std::vector<char*> argv;
  for (std::string& one : copy) argv.push_back(one.data());
  argv.push_back(nullptr);
  const User user = server_user();
  const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const pid_t parent = getpid();
  pid_ = fork();
  if (pid_ < 0 || out < 0) std::abort();
  if (pid_ == 0) {
    // Before the user changes, which would clear the signal.
    if (geteuid() == 0 &&
        (setgroups(0, nullptr) != 0 || setgid(user.gid) != 0 || setuid(user.uid) != 0)) {
      _exit(126);
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(126);
    setsid();
    dup2(out, STDOUT_FILENO);
    dup2(out, STDERR_FILENO);
    if (chdir("/") != 0) _exit(126);
    // The settings of a user's own libpq must not lead to another server.
    for (const char* name : {"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGSERVICE", "PGDATA"}) {
      unsetenv(name);
    }
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(out);
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0) return;
  signal(SIGKILL);
  wait();
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  std::swap(pid_, other.pid_);
  return *this;
}

int ChildProcess::wait() {
  int status = 0;
  const pid_t pid = std::exchange(pid_, -1);
  if (pid <= 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) return -1;
  return WEXITSTATUS(status);
}

void ChildProcess::signal(int number) const {
  if (pid_ > 0) kill(pid_, number);
}

void run_program(const std::vector<std::string>& arguments, const std::filesystem::path& output) {
  ChildProcess process(arguments, output);
  const int status = process.wait();
  if (status == 0) return;
  std::cerr << arguments.front() << " ended with " << status << ":\n"
            << std::ifstream(output).rdbuf() << '\n';
  std::abort();
}

}  // namespace millrace::postgres_log
