// with_servers [-c NAME=VALUE]… PROGRAM ARGUMENT…: runs a program while a primary and a synchronous standby run,
// with their connection string in MILLRACE_POSTGRES_DSN. -c sets parameters of both servers, as it does for
// postgres. Ends with the exit status of the program.
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include <sys/wait.h>
#include <unistd.h>

#include "tests/postgres_log/server_pair.hpp"

int main(int argc, char** argv) {
  std::string settings;
  int program = 1;
  while (program + 1 < argc && std::string_view(argv[program]) == "-c") {
    settings += std::string(argv[program + 1]) + "\n";
    program += 2;
  }
  if (program >= argc) {
    std::cerr << "usage: with_servers [-c NAME=VALUE]… PROGRAM ARGUMENT…\n";
    return 2;
  }
  const millrace::postgres_log::ServerPair servers(settings);
  const std::string dsn =
      millrace::postgres_log::ServerPair::dsn(servers.primary_directory()) + " dbname=postgres";
  { const millrace::postgres_log::Admin wait_until_it_runs(servers.primary_directory()); }
  const pid_t child = fork();
  if (child == 0) {
    setenv("MILLRACE_POSTGRES_DSN", dsn.c_str(), 1);
    execvp(argv[program], argv + program);
    _exit(127);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return child > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
