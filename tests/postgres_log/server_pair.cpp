#include "tests/postgres_log/server_pair.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <system_error>

#include <libpq-fe.h>
#include <poll.h>
#include <unistd.h>

namespace millrace::postgres_log {
namespace {

constexpr const char* user = "millrace";
constexpr const char* prefix = "millrace-pg-";  ///< of directories

[[noreturn]] void abort_with(const std::string& text) {
  std::cerr << text << '\n';
  std::abort();
}

// Debian keeps each version's programs apart: the newest one's.
std::filesystem::path find_programs() {
  std::filesystem::path newest;
  int newest_version = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/usr/lib/postgresql")) {
    const std::string name = entry.path().filename();
    int version = 0;
    std::from_chars(name.data(), name.data() + name.size(), version);
    if (version > newest_version && std::filesystem::exists(entry.path() / "bin/postgres")) {
      newest = entry.path() / "bin";
      newest_version = version;
    }
  }
  if (newest.empty()) abort_with("PostgreSQL is missing: install the package postgresql");
  return newest;
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
  Result<TemporaryDirectory> made = access(memory.c_str(), W_OK) == 0
                                        ? TemporaryDirectory::make(memory, prefix)
                                        : TemporaryDirectory::make(prefix);
  if (!made) abort_with(made.error().message);
  std::ofstream(made->path() / "owner") << getpid() << '\n';
  sweep(made->path().parent_path());
  return *std::move(made);
}

void make_owned_directory(const std::filesystem::path& path) {
  std::filesystem::create_directories(path);
  const User owner = server_user();
  if (geteuid() == 0 && chown(path.c_str(), owner.uid, owner.gid) != 0) std::abort();
  std::filesystem::permissions(path, std::filesystem::perms{0755});
}

}  // namespace

Admin::Admin(const std::filesystem::path& directory, const std::string& database)
    : connection_([&] {
        const std::string dsn = ServerPair::dsn(directory) + " dbname=" + database;
        const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
        while (true) {
          PGconn* const connection = PQconnectdb(dsn.c_str());
          if (PQstatus(connection) == CONNECTION_OK) return connection;
          if (std::chrono::steady_clock::now() > end) abort_with(PQerrorMessage(connection));
          PQfinish(connection);
          poll(nullptr, 0, 10);
        }
      }()) {}

Admin::~Admin() {
  PQfinish(connection_);
}

std::string Admin::run(const std::string& sql) {
  PGresult* const result = PQexec(connection_, sql.c_str());
  const ExecStatusType status = PQresultStatus(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    abort_with(sql + ": " + PQerrorMessage(connection_));
  }
  std::string value = PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "";
  PQclear(result);
  return value;
}

ServerPair::ServerPair()
    : directory_(make_directory()), root_(directory_.path()), programs_(find_programs()) {
  make_owned_directory(root_);
  make_primary();
  make_standby();
}

ServerPair::~ServerPair() {
  // At once, and with their children.
  for (const ChildProcess* one : {&receiver_, &standby_, &primary_}) one->signal(SIGQUIT);
  for (ChildProcess* one : {&receiver_, &standby_, &primary_}) {
    if (one->is_running()) one->wait();
  }
}

// static
ServerPair& ServerPair::shared() {
  static std::unique_ptr<ServerPair> pair;
  if (pair == nullptr || pair->has_failed_over()) {
    pair.reset();
    pair = std::make_unique<ServerPair>();
  }
  return *pair;
}

std::filesystem::path ServerPair::program(const std::string& name) const {
  return programs_ / name;
}

ChildProcess ServerPair::start_server(const std::string& name) {
  return {{program("postgres"), "-D", root_ / name}, root_ / (name + ".log")};
}

void ServerPair::make_primary() {
  run_program({program("initdb"), "-D", root_ / "primary", "-U", user, "--auth=trust", "-N", "-E",
               "UTF8", "--locale=C", "--wal-segsize=4"},
              root_ / "initdb.log");
  make_owned_directory(root_ / "primary-socket");
  std::ofstream config(root_ / "primary/postgresql.conf", std::ios::app);
  config << "listen_addresses = ''\n"
         << "unix_socket_directories = '" << (root_ / "primary-socket").string() << "'\n"
         << "synchronous_standby_names = 'standby'\n"
         // In files of the data directory, which is removed with the test.
         << "dynamic_shared_memory_type = mmap\n"
         << "shared_buffers = 32MB\nmax_connections = 80\nwal_keep_size = 64MB\n"
         << "max_locks_per_transaction = 512\nfsync = on\n";
  config.close();
  // The first lines count: users that need a password, and one that is refused.
  std::ofstream access(root_ / "primary/pg_hba.conf");
  access << "local all guarded scram-sha-256\nlocal all refused reject\n"
         << "local all all trust\nlocal replication all trust\n";
  access.close();
  primary_ = start_server("primary");
}

void ServerPair::make_standby() {
  const std::filesystem::path link = root_ / "replication";
  { const Admin wait_until_it_runs(root_ / "primary-socket"); }
  run_program({program("pg_basebackup"), "-D", root_ / "standby", "-d",
               dsn(root_ / "primary-socket"), "-c", "fast", "-N", "-X", "stream"},
              root_ / "basebackup.log");
  make_owned_directory(standby_directory());
  replication_ = std::make_unique<SocketProxy>(link, root_ / "primary-socket/.s.PGSQL.5432");
  std::ofstream config(root_ / "standby/postgresql.conf", std::ios::app);
  config << "unix_socket_directories = '" << standby_directory().string() << "'\n"
         << "primary_conninfo = 'host=" << link.string() << " port=5432 user=" << user
         << " application_name=standby'\n"
         << "wal_receiver_status_interval = 1s\nwal_retrieve_retry_interval = 100ms\n";
  config.close();
  std::ofstream(root_ / "standby/standby.signal").close();
  standby_ = start_server("standby");
  // A write that waits for the standby shows that it has come.
  Admin(root_ / "primary-socket")
      .run(
          "create role guarded login password 'known'; "
          "create role refused login");
}

std::filesystem::path ServerPair::primary_directory() const {
  return has_failed_over_ ? standby_directory() : root_ / "primary-socket";
}

std::filesystem::path ServerPair::new_socket_directory() {
  return root_ / ("p" + std::to_string(++sockets_));
}

// static
std::string ServerPair::dsn(const std::filesystem::path& directory) {
  return "host=" + directory.string() + " port=5432 user=" + user;
}

void ServerPair::hold_replication(bool holds) {
  if (replication_ != nullptr) replication_->hold_answers(holds);
}

void ServerPair::fail_over() {
  // The link first: what it holds never arrives.
  replication_.reset();
  primary_.signal(SIGQUIT);
  primary_.wait();
  has_failed_over_ = true;
  Admin admin(standby_directory());
  admin.run("select pg_promote()");
  make_owned_directory(root_ / "received");
  receiver_ = ChildProcess({program("pg_receivewal"), "-D", root_ / "received", "--synchronous",
                            "-d", dsn(standby_directory()) + " application_name=standby"},
                           root_ / "receivewal.log");
}

void ServerPair::restart_primary() {
  primary_.signal(SIGQUIT);
  primary_.wait();
  primary_ = start_server("primary");
  const Admin wait_until_it_runs(root_ / "primary-socket");
}

}  // namespace millrace::postgres_log
