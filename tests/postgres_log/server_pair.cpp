#include "tests/postgres_log/server_pair.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace millrace::postgres_log {
namespace {

constexpr const char* prefix = "millrace-pg-";  ///< of directories

const std::atomic<bool> never = false;

template <class Value>
Value or_abort(Result<Value> result) {
  if (!result) {
    std::cerr << result.error().message << '\n';
    std::abort();
  }
  if constexpr (!std::is_void_v<Value>) return *std::move(result);
}

// Removes what tests have left that were killed: their servers ended with them.
void sweep(const std::filesystem::path& parent) {
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(parent, ignored)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    pid_t owner = 0;
    std::ifstream(entry.path() / "owner") >> owner;
    const bool is_dead = owner > 0 && kill(owner, 0) != 0 && errno == ESRCH;
    if (is_dead) std::filesystem::remove_all(entry.path(), ignored);
  }
}

TemporaryDirectory make_directory() {
  // In memory where that is possible: the servers of a test are killed, the machine is not.
  const std::filesystem::path memory = "/dev/shm";
  auto made = or_abort(access(memory.c_str(), W_OK) == 0 ? TemporaryDirectory::make(memory, prefix)
                                                         : TemporaryDirectory::make(prefix));
  std::ofstream(made.path() / "owner") << getpid() << '\n';
  sweep(made.path().parent_path());
  return made;
}

}  // namespace

Admin::Admin(const std::filesystem::path& directory, const std::string& database)
    : admin_(or_abort(servers::Admin::connect(directory, never, database))) {}

std::string Admin::run(const std::string& sql) {
  return or_abort(admin_.run(sql));
}

ServerPair::ServerPair(const std::string& settings)
    : directory_(make_directory()),
      // Users that need a password, and one that is refused.
      pair_(or_abort(servers::ServerPair::start(
          {.directory = directory_.path(),
           .access = "local all guarded scram-sha-256\nlocal all refused reject\n",
           .settings = settings,
           .is_cancelled = &never}))) {
  Admin(primary_directory())
      .run(
          "create role guarded login password 'known'; "
          "create role refused login");
}

// static
ServerPair& ServerPair::shared() {
  static ServerPair pair;
  return pair;
}

std::filesystem::path ServerPair::new_socket_directory() {
  return directory_.path() / ("p" + std::to_string(++sockets_));
}

void ServerPair::fail_over() {
  // As by the loss of the machine: what the link holds never arrives.
  pair_->cut_replication();
  or_abort(pair_->stop_primary());
  or_abort(pair_->promote());
  or_abort(pair_->rebuild_standby());
}

void ServerPair::restart_standby() {
  or_abort(pair_->stop_standby());
  or_abort(pair_->start_standby());
}

void ServerPair::restart_primary() {
  or_abort(pair_->stop_primary());
  or_abort(pair_->start_primary());
}

}  // namespace millrace::postgres_log
