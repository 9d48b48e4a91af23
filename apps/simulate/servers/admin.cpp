#include "apps/simulate/servers/admin.hpp"

#include <chrono>

#include <libpq-fe.h>
#include <poll.h>

namespace millrace::servers {
namespace {

constexpr std::chrono::minutes connect_max{1};
constexpr int retry_ms = 10;
constexpr int look_ms = 20;  ///< between looks at a cancellation
constexpr std::chrono::minutes answer_max{2};

std::string first_line(const char* text) {
  const std::string all = text;
  return all.substr(0, all.find('\n'));
}

}  // namespace

Error run_ends() {
  return Error{ErrorCode::draining, "the run ends"};
}

std::string dsn_of(const std::filesystem::path& directory) {
  return "host=" + directory.string() + " port=5432 user=millrace";
}

void Admin::Close::operator()(pg_conn* connection) const {
  PQfinish(connection);
}

Result<Admin> Admin::connect(const std::filesystem::path& directory,
                             const std::atomic<bool>& is_cancelled, const std::string& database) {
  const std::string dsn = dsn_of(directory) + " dbname=" + database + " connect_timeout=10";
  const auto end = std::chrono::steady_clock::now() + connect_max;
  while (!is_cancelled) {
    Admin admin(PQconnectdb(dsn.c_str()), is_cancelled);
    if (PQstatus(admin.connection_.get()) == CONNECTION_OK) return admin;
    if (std::chrono::steady_clock::now() > end) {
      return Error{ErrorCode::unreachable, first_line(PQerrorMessage(admin.connection_.get()))};
    }
    poll(nullptr, 0, retry_ms);
  }
  return run_ends();
}

Result<std::string> Admin::run(const std::string& sql) {
  PGconn* const connection = connection_.get();
  const auto failed = [&] {
    return Error{ErrorCode::storage_failed, sql + ": " + first_line(PQerrorMessage(connection))};
  };
  if (PQsendQuery(connection, sql.c_str()) != 1) return failed();
  const auto end = std::chrono::steady_clock::now() + answer_max;
  std::string value;
  while (true) {
    while (PQisBusy(connection) != 0) {
      if (*is_cancelled_) return run_ends();
      if (std::chrono::steady_clock::now() > end) {
        return Error{ErrorCode::unreachable, sql + ": no answer for two minutes"};
      }
      pollfd socket{.fd = PQsocket(connection), .events = POLLIN, .revents = 0};
      if (poll(&socket, 1, look_ms) > 0 && PQconsumeInput(connection) != 1) return failed();
    }
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQgetResult(connection), &PQclear};
    if (result == nullptr) return value;
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) return failed();
    value = PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }
}

}  // namespace millrace::servers
