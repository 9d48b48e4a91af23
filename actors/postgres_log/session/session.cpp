#include "actors/postgres_log/session/session.hpp"

#include <algorithm>
#include <cstring>

#include <libpq-fe.h>
#include <poll.h>

#include "actors/base/assert.hpp"
#include "actors/postgres_log/core/sql_state.hpp"

namespace millrace::postgres_log {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int binary = 1;

// The arrays that libpq takes.
struct Arguments {
  explicit Arguments(std::span<const Parameter> parameters) {
    for (const Parameter& one : parameters) {
      values.push_back(one.is_binary ? (one.bytes.data() == nullptr ? "" : one.bytes.data())
                                     : one.own.c_str());
      lengths.push_back(static_cast<int>(one.bytes.size()));
      formats.push_back(one.is_binary ? binary : 0);
    }
  }
  std::vector<const char*> values;
  std::vector<int> lengths;
  std::vector<int> formats;
};

std::string first_line(const char* message) {
  std::string text = message == nullptr ? "" : message;
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

std::string field(const PGresult* result, int code) {
  const char* const value = PQresultErrorField(result, code);
  return value == nullptr ? std::string{} : std::string{value};
}

// The SQLSTATE in the text of a failed connection, which has no other place: with verbose errors it is
// "FATAL:  28P01: …".
std::string state_in(const std::string& text) {
  const std::size_t at = text.rfind("FATAL:  ");
  if (at == std::string::npos || text.size() < at + 14 || text[at + 13] != ':') return {};
  return text.substr(at + 8, 5);
}

}  // namespace

bool RowView::is_null(int column) const {
  return PQgetisnull(result_, row_, column) != 0;
}

std::string_view RowView::bytes(int column) const {
  return {PQgetvalue(result_, row_, column),
          static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

std::int64_t RowView::number(int column) const {
  const std::string_view big_endian = bytes(column);
  std::uint64_t value = 0;
  for (const char c : big_endian) value = value << 8 | static_cast<unsigned char>(c);
  switch (big_endian.size()) {
    case 2:
      return static_cast<std::int16_t>(value);
    case 4:
      return static_cast<std::int32_t>(value);
    default:
      return static_cast<std::int64_t>(value);
  }
}

Rows::Rows(pg_result* result) : result_(result, &PQclear) {}

int Rows::size() const {
  return PQntuples(result_.get());
}

std::uint64_t Rows::changed() const {
  const char* const text = PQcmdTuples(result_.get());
  return *text == '\0' ? 0 : std::stoull(text);
}

std::string Rows::command() const {
  return PQcmdStatus(result_.get());
}

Session::Session(pg_conn* connection, const Dsn& dsn, const Interrupt& interrupt)
    : connection_(connection), dsn_(dsn), interrupt_(interrupt) {
  PQsetErrorVerbosity(connection_, PQERRORS_VERBOSE);
  PQsetNoticeReceiver(connection_, &Session::on_notice, this);
}

Session::~Session() {
  PQfinish(connection_);
}

// static
void Session::on_notice(void* self, const pg_result* notice) {
  const char* const severity = PQresultErrorField(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
  Session& session = *static_cast<Session*>(self);
  // Of a group only those of the commit count: a trigger may warn of what it likes.
  const bool is_of_commit = session.statements_left_ <= 2;
  if (is_of_commit && severity != nullptr && std::strcmp(severity, "WARNING") == 0) {
    session.has_warned_ = true;
  }
}

// static
Result<std::unique_ptr<Session>> Session::connect(const Dsn& dsn, const Host& host,
                                                  const Interrupt& interrupt,
                                                  Clock::time_point deadline) {
  const auto parameters = dsn.parameters(host);
  const KeysAndValues words(parameters);
  PGconn* const connection = PQconnectStartParams(words.keys(), words.values(), 0);
  if (connection == nullptr) return Error{ErrorCode::log_unreachable, "no memory to connect"};
  std::unique_ptr<Session> session{new Session(connection, dsn, interrupt)};
  if (const auto connected = session->await_connected(deadline); !connected) {
    return connected.error();
  }
  return session;
}

Result<void> Session::await_connected(Clock::time_point deadline) {
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (PQstatus(connection_) != CONNECTION_BAD && status != PGRES_POLLING_FAILED) {
    const bool for_reading = status == PGRES_POLLING_READING;
    if (const auto waited = wait(for_reading, !for_reading, deadline); !waited) return waited;
    status = PQconnectPoll(connection_);
    if (status != PGRES_POLLING_OK) continue;
    if (PQsetnonblocking(connection_, 1) == 0) return {};
    break;
  }
  const std::string text = PQerrorMessage(connection_);
  state_ = state_in(text);
  return Error{code_of(state_), dsn_.without_secrets(first_line(text.c_str()))};
}

Result<void> Session::wait(bool for_reading, bool for_writing, Clock::time_point deadline) {
  const auto end = [&](ErrorCode code, const char* text) {
    is_broken_ = true;
    state_.clear();
    return Error{code, text};
  };
  deadline = std::min(deadline, deadline_);
  auto watch_at = is_in_vain_ ? Clock::now() + watch_interval_ : Clock::time_point::max();
  while (true) {
    if (interrupt_.is_raised()) return end(ErrorCode::draining, "interrupted");
    const short events =
        static_cast<short>((for_reading ? POLLIN : 0) | (for_writing ? POLLOUT : 0));
    pollfd fds[] = {{PQsocket(connection_), events, 0}, {interrupt_.fd(), POLLIN, 0}};
    int timeout = -1;
    if (const auto until = std::min(deadline, watch_at); until != Clock::time_point::max()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
    }
    if (poll(fds, 2, timeout) > 0 && fds[0].revents != 0) return {};
    const auto now = Clock::now();
    if (now >= deadline) return end(ErrorCode::log_unreachable, "the server does not answer");
    if (now < watch_at) continue;
    if (is_in_vain_()) return end(ErrorCode::log_unreachable, "another server is the primary now");
    watch_at = Clock::now() + watch_interval_;
  }
}

Error Session::failure(const pg_result* result) {
  state_ = result == nullptr ? std::string{} : field(result, PG_DIAG_SQLSTATE);
  std::string text = result == nullptr ? std::string{} : field(result, PG_DIAG_MESSAGE_PRIMARY);
  if (text.empty()) text = first_line(PQerrorMessage(connection_));
  if (text.empty()) text = "the connection is broken";
  return {code_of(state_), dsn_.without_secrets(std::move(text))};
}

Result<void> Session::send(const std::string& sql, Parameters parameters) {
  MILLRACE_ASSERT(PQpipelineStatus(connection_) == PQ_PIPELINE_OFF);
  if (!is_usable()) {
    state_.clear();
    return Error{ErrorCode::log_unreachable, "the connection is broken"};
  }
  has_warned_ = false;
  state_.clear();
  const Arguments arguments({parameters.begin(), parameters.size()});
  if (PQsendQueryParams(connection_, sql.c_str(), static_cast<int>(parameters.size()), nullptr,
                        arguments.values.data(), arguments.lengths.data(), arguments.formats.data(),
                        binary) != 1) {
    return failure(nullptr);
  }
  while (true) {
    const int left = PQflush(connection_);
    if (left == 0) return {};
    if (left < 0) return failure(nullptr);
    if (const auto waited = wait(true, true, Clock::time_point::max()); !waited) return waited;
    if (PQconsumeInput(connection_) != 1) return failure(nullptr);
  }
}

// The next result of the statement; null: there is none.
Result<pg_result*> Session::next_result() {
  while (PQisBusy(connection_) != 0) {
    if (const auto waited = wait(true, false, Clock::time_point::max()); !waited) {
      return waited.error();
    }
    if (PQconsumeInput(connection_) != 1) return failure(nullptr);
  }
  return PQgetResult(connection_);
}

// Receives all results of the statement that was sent; `visit` takes those that are no error. If it fails,
// the rest is left unread.
Result<void> Session::receive(const ResultVisitor& visit) {
  std::optional<Error> error;
  while (true) {
    const Result<pg_result*> next = next_result();
    if (!next) return next.error();
    if (*next == nullptr) break;
    const ExecStatusType status = PQresultStatus(*next);
    Rows result(*next);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE) {
      error = failure(*next);
      continue;
    }
    is_broken_ = true;  // if the visit ends here
    if (auto visited = visit(std::move(result)); !visited) return visited;
    is_broken_ = false;
  }
  if (error) return *std::move(error);
  return {};
}

Result<Rows> Session::execute(const std::string& sql, Parameters parameters) {
  if (const auto sent = send(sql, parameters); !sent) return sent.error();
  std::optional<Rows> rows;
  const auto received = receive([&](Rows&& result) -> Result<void> {
    rows = std::move(result);
    return {};
  });
  if (!received) return received.error();
  if (!rows) return failure(nullptr);
  return *std::move(rows);
}

Result<void> Session::stream(const std::string& sql, Parameters parameters,
                             const RowVisitor& visit) {
  if (const auto sent = send(sql, parameters); !sent) return sent;
  if (PQsetSingleRowMode(connection_) != 1) return failure(nullptr);
  // The last result has no row.
  return receive([&](Rows&& result) -> Result<void> {
    for (int i = 0; i < result.size(); ++i) {
      if (auto visited = visit(result[i]); !visited) return visited;
    }
    return {};
  });
}

Result<void> Session::commit() {
  if (const auto sent = send("commit", {}); !sent) return sent;
  bool is_committed = false;
  const auto received = receive([&](Rows&& result) -> Result<void> {
    is_committed = result.command() == "COMMIT";
    return {};
  });
  if (!received) return received;
  state_.clear();
  if (!is_committed) return Error{ErrorCode::log_unreachable, "the transaction had failed before"};
  if (has_warned_) {
    return Error{ErrorCode::log_unreachable, "the wait for the standby was cancelled"};
  }
  return {};
}

void Session::roll_back() {
  if (!is_usable()) return;
  if (PQtransactionStatus(connection_) == PQTRANS_IDLE) return;
  const std::string state = state_;
  if (!execute("rollback")) is_broken_ = true;
  state_ = state;
}

bool Session::is_usable() const {
  return !is_broken_ && PQstatus(connection_) == CONNECTION_OK;
}

std::int32_t Session::backend() const {
  return PQbackendPID(connection_);
}

int Session::fd() const {
  return PQsocket(connection_);
}

Result<void> Session::enter_pipeline() {
  if (PQenterPipelineMode(connection_) == 1) return {};
  return failure(nullptr);
}

bool Session::add(const char* sql, std::span<const Parameter> parameters) {
  const Arguments arguments(parameters);
  return PQsendQueryParams(connection_, sql, static_cast<int>(parameters.size()), nullptr,
                           arguments.values.data(), arguments.lengths.data(),
                           arguments.formats.data(), binary) == 1;
}

bool Session::send_group(std::size_t statements) {
  statements_left_ = statements;
  end_ = {};
  has_warned_ = false;
  if (PQpipelineSync(connection_) != 1) return false;
  const int left = PQflush(connection_);
  wants_to_write_ = left > 0;
  return left >= 0;
}

std::optional<GroupEnd> Session::poll_group() {
  const auto broken = [&] {
    is_broken_ = true;
    const Error error = failure(nullptr);
    // An answer that came before the connection broke explains it better.
    if (end_.message.empty()) end_.message = error.message;
    end_.is_committed = false;
    return end_;
  };
  const int left = PQflush(connection_);
  if (left < 0) return broken();
  wants_to_write_ = left > 0;
  if (PQconsumeInput(connection_) != 1) return broken();
  while (PQisBusy(connection_) == 0) {
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQgetResult(connection_), &PQclear};
    if (result == nullptr) {
      // Between the results of two statements; or the connection is gone.
      if (PQstatus(connection_) != CONNECTION_OK) return broken();
      continue;
    }
    const ExecStatusType status = PQresultStatus(result.get());
    if (status == PGRES_PIPELINE_SYNC) {
      if (end_.is_committed && has_warned_) {
        end_ = {false, {}, "the wait for the standby was cancelled"};
      } else if (end_.is_committed && !end_.message.empty()) {
        end_ = {false, {}, "the server promises less than before"};
      }
      if (!end_.is_committed) is_broken_ = true;
      return end_;
    }
    if (statements_left_ > 0) --statements_left_;
    if (status == PGRES_FATAL_ERROR && end_.message.empty()) {
      const Error error = failure(result.get());
      end_.state = state_;
      end_.message = error.message;
    }
    if (statements_left_ == 1 && status == PGRES_COMMAND_OK) {
      end_.is_committed = std::strcmp(PQcmdStatus(result.get()), "COMMIT") == 0;
    }
  }
  return std::nullopt;
}

bool Session::is_idle_broken() {
  if (!is_usable()) return true;
  if (PQconsumeInput(connection_) != 1 || PQstatus(connection_) != CONNECTION_OK) return true;
  if (PQisBusy(connection_) == 0) {
    // Nothing is expected: a result here is the server's farewell.
    const std::unique_ptr<PGresult, decltype(&PQclear)> result{PQgetResult(connection_), &PQclear};
    if (result != nullptr) return true;
  }
  return PQstatus(connection_) != CONNECTION_OK;
}

}  // namespace millrace::postgres_log
