#include "apps/simulate/servers/server_pair.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <fstream>
#include <system_error>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "apps/simulate/servers/admin.hpp"

namespace millrace::servers {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds process_interval{20};
/// A server that was told to end at once waits for its children for up to 5 s.
constexpr std::chrono::seconds end_max{15};
/// A copy of the data waits for a checkpoint, and a standby reads what it has: long on a busy machine.
constexpr std::chrono::minutes program_max{3};
constexpr std::chrono::minutes standby_max{3};

/// As root, the servers run as another user, who must reach their directory.
Result<void> check_reachable(const fs::path& directory) {
  const auto user = server_user();
  if (!user) return user.error();
  for (fs::path above = directory.parent_path(); geteuid() == 0 && above.has_relative_path();
       above = above.parent_path()) {
    struct stat status = {};
    if (stat(above.c_str(), &status) != 0) continue;
    const mode_t needed = status.st_uid == user->uid   ? S_IXUSR
                          : status.st_gid == user->gid ? S_IXGRP
                                                       : S_IXOTH;
    if ((status.st_mode & needed) != 0) continue;
    return Error{ErrorCode::invalid_argument,
                 "the servers run as the user postgres, who may not enter " + above.string() +
                     "; expected a directory that all users may enter"};
  }
  return {};
}

}  // namespace

Result<fs::path> find_programs(const fs::path& versions) {
  fs::path newest;
  int newest_version = 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(versions, error)) {
    const std::string name = entry.path().filename();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    if (version > newest_version && fs::exists(entry.path() / "bin/postgres", error)) {
      newest = entry.path() / "bin";
      newest_version = version;
    }
  }
  if (!newest.empty()) return newest;
  return Error{ErrorCode::not_found,
               "the server programs of PostgreSQL are missing: install the package postgresql"};
}

Result<void> make_owned_directory(const fs::path& path) {
  const auto owner = server_user();
  if (!owner) return owner.error();
  std::error_code error;
  fs::create_directories(path, error);
  if (!error && geteuid() == 0 && chown(path.c_str(), owner->uid, owner->gid) != 0) {
    error = std::error_code(errno, std::system_category());
  }
  if (!error) fs::permissions(path, fs::perms::owner_all, error);
  if (!error) return {};
  return Error{ErrorCode::storage_failed,
               path.string() + " cannot be made for the servers: " + error.message()};
}

ServerPair::ServerPair(const PairOptions& options, fs::path programs)
    : options_(options), root_(options.directory), programs_(std::move(programs)) {}

Result<std::unique_ptr<ServerPair>> ServerPair::start(const PairOptions& options) {
  auto programs = find_programs();
  if (!programs) return programs.error();
  std::error_code error;
  const fs::path absolute = fs::absolute(options.directory, error);
  if (absolute.string().size() > directory_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "the sockets of the servers lie in " + absolute.string() +
                     ": expected a path of at most " + std::to_string(directory_bytes_max) +
                     " bytes, got " + std::to_string(absolute.string().size())};
  }
  if (auto made = make_owned_directory(absolute); !made) return made.error();
  if (auto reachable = check_reachable(absolute); !reachable) return reachable.error();
  PairOptions own = options;
  own.directory = absolute;
  std::unique_ptr<ServerPair> pair(new ServerPair(own, *std::move(programs)));
  if (auto made = pair->make_primary(); !made) return made.error();
  if (auto made = pair->make_standby(); !made) return made.error();
  return pair;
}

ServerPair::~ServerPair() {
  for (Server& server : servers_) {
    if (server.is_paused) server.process.pause(false);
    server.process.signal(SIGQUIT);
  }
  // Whoever does not end in time is killed by the destructor.
  for (Server& server : servers_) {
    if (server.process.is_running()) [[maybe_unused]]
      const auto ended = server.process.wait_for(end_max);
  }
}

Result<void> ServerPair::run_program(const std::vector<std::string>& arguments,
                                     const std::string& log) {
  auto process = ChildProcess::start(arguments, root_ / log);
  if (!process) return process.error();
  const auto end = std::chrono::steady_clock::now() + program_max;
  while (!*options_.is_cancelled) {
    const auto status = process->wait_for(process_interval);
    if (!status) {
      if (std::chrono::steady_clock::now() < end) continue;
      return Error{ErrorCode::unreachable,
                   arguments.front() + " does not end: see " + (root_ / log).string()};
    }
    if (*status == 0) return {};
    return Error{ErrorCode::storage_failed, arguments.front() + " ended with status " +
                                                std::to_string(*status) + ": see " +
                                                (root_ / log).string()};
  }
  return run_ends();
}

Result<void> ServerPair::spawn(std::size_t server) {
  Server& own = servers_[server];
  auto process =
      ChildProcess::start({(programs_ / "postgres").string(), "-D", (root_ / own.name).string(),
                           "-c", "unix_socket_directories=" + socket_of(server).string()},
                          log_of(own));
  if (!process) return process.error();
  own.process = *std::move(process);
  return {};
}

Result<void> ServerPair::stop(std::size_t server) {
  Server& own = servers_[server];
  if (!own.process.is_running()) return {};
  if (std::exchange(own.is_paused, false)) own.process.pause(false);
  own.process.signal(SIGQUIT);
  if (!own.process.wait_for(end_max)) {
    own.process.signal(SIGKILL);
    own.process.wait();
  }
  return {};
}

Result<void> ServerPair::start_and_await(std::size_t server) {
  if (auto spawned = spawn(server); !spawned) return spawned;
  const auto admin = Admin::connect(socket_of(server), *options_.is_cancelled);
  if (admin) return {};
  if (admin.error().code == ErrorCode::draining) return admin.error();
  return Error{admin.error().code,
               admin.error().message + ": see " + log_of(servers_[server]).string()};
}

Result<void> ServerPair::make_primary() {
  const fs::path data = root_ / servers_[primary_].name;
  const fs::path link = root_ / "replication";
  if (auto made =
          run_program({(programs_ / "initdb").string(), "-D", data.string(), "-U", "millrace",
                       "--auth=trust", "-N", "-E", "UTF8", "--locale=C", "--wal-segsize=4"},
                      "initdb.log");
      !made) {
    return made;
  }
  for (const std::size_t server : {0, 1}) {
    if (auto made = make_owned_directory(socket_of(server)); !made) return made;
  }
  std::ofstream config(data / "postgresql.conf", std::ios::app);
  config << "listen_addresses = ''\nsynchronous_standby_names = 'standby'\n"
         << "primary_conninfo = 'host=" << link.string()
         << " port=5432 user=millrace application_name=standby'\n"
         << "wal_receiver_status_interval = 1s\nwal_retrieve_retry_interval = 100ms\n"
         // In files of the data directory, which is removed with the run.
         << "dynamic_shared_memory_type = mmap\nshared_buffers = 32MB\nmax_connections = 300\n"
         << "wal_keep_size = 64MB\nmax_locks_per_transaction = 512\nfsync = on\n"
         // After a kill one call for all files: a thousand fsyncs take a minute on a busy disk.
         << "recovery_init_sync_method = syncfs\n"
         << options_.settings;
  config.close();
  // The first lines count. Others cannot reach the sockets.
  std::ofstream access(data / "pg_hba.conf");
  access << options_.access << "local all all trust\nlocal replication all trust\n";
  access.close();
  if (!config || !access) {
    return Error{ErrorCode::storage_failed, data.string() + " cannot be written"};
  }
  if (auto made = make_owned_directory(link); !made) return made;
  replication_ = std::make_unique<SocketProxy>(link, primary_socket());
  return start_and_await(primary_);
}

Result<void> ServerPair::make_standby() {
  const std::size_t standby = 1 - primary_;
  const fs::path data = root_ / servers_[standby].name;
  if (auto made = run_program({(programs_ / "pg_basebackup").string(), "-D", data.string(), "-d",
                               dsn_of(primary_directory()), "-c", "fast", "-N", "-X", "stream"},
                              "basebackup.log");
      !made) {
    return made;
  }
  std::ofstream(data / "standby.signal").close();
  return start_standby();
}

// The primary is asked: a commit would have to write something to wait for the standby, and would wait in vain
// for one that has ended at its start.
Result<void> ServerPair::start_standby() {
  Server& standby = servers_[1 - primary_];
  auto admin = Admin::connect(primary_directory(), *options_.is_cancelled);
  if (!admin) return admin.error();
  // The connection of the standby before may still be there.
  const auto began = admin->run("select clock_timestamp()");
  if (!began) return began.error();
  if (auto spawned = spawn(1 - primary_); !spawned) return spawned;
  const auto end = std::chrono::steady_clock::now() + standby_max;
  while (!*options_.is_cancelled) {
    const auto streams = admin->run(
        "select count(*) > 0 from pg_stat_replication where application_name = 'standby'"
        " and state = 'streaming' and backend_start > '" +
        *began + "'");
    if (!streams) return streams.error();
    if (*streams == "t") return {};
    if (const auto status = standby.process.wait_for(process_interval)) {
      return Error{ErrorCode::storage_failed, "the standby ended with status " +
                                                  std::to_string(*status) + ": see " +
                                                  log_of(standby).string()};
    }
    if (std::chrono::steady_clock::now() > end) {
      return Error{ErrorCode::unreachable,
                   "the standby receives nothing: see " + log_of(standby).string()};
    }
  }
  return run_ends();
}

void ServerPair::pause_primary(bool is_paused) {
  servers_[primary_].is_paused = is_paused;
  servers_[primary_].process.pause(is_paused);
}

Result<void> ServerPair::promote() {
  cut_replication();  // first: what the link holds never arrives
  auto admin = Admin::connect(standby_directory(), *options_.is_cancelled);
  if (!admin) return admin.error();
  const auto promoted = admin->run("select pg_promote()");
  if (!promoted) return promoted.error();
  if (*promoted != "t") {
    return Error{ErrorCode::storage_failed, "the standby was not promoted in a minute: see " +
                                                log_of(servers_[1 - primary_]).string()};
  }
  primary_ = 1 - primary_;
  return {};
}

Result<void> ServerPair::rebuild_standby() {
  const std::size_t standby = 1 - primary_;
  if (auto stopped = stop(standby); !stopped) return stopped;
  std::error_code error;
  fs::remove_all(root_ / servers_[standby].name, error);
  if (error) {
    return Error{ErrorCode::storage_failed,
                 (root_ / servers_[standby].name).string() + ": " + error.message()};
  }
  replication_->hold_answers(false);
  replication_->set_target(primary_socket());
  replication_->cut(false);
  return make_standby();
}

}  // namespace millrace::servers
