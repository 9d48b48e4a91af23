// Session: a connection to one server, without blocking on anything but its socket and an Interrupt.
// The only file that calls libpq, with dsn.cpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/postgres_log/session/dsn.hpp"
#include "actors/postgres_log/session/interrupt.hpp"
#include "messages/result.hpp"

struct pg_conn;
struct pg_result;

namespace millrace::postgres_log {

/// A parameter of a statement. References the bytes that it was made of.
struct Parameter {
  std::string own{};         ///< text, if `bytes` is unset
  std::string_view bytes{};  ///< sent as bytea
  bool is_binary = false;
};
[[nodiscard]] inline Parameter number(std::int64_t value) {
  return {std::to_string(value), {}, false};
}
[[nodiscard]] inline Parameter number(std::uint64_t value) {
  return {std::to_string(value), {}, false};
}
[[nodiscard]] inline Parameter number(std::int32_t value) {
  return number(std::int64_t{value});
}
[[nodiscard]] inline Parameter number(std::uint32_t value) {
  return number(std::uint64_t{value});
}
[[nodiscard]] inline Parameter text(std::string value) {
  return {std::move(value), {}, false};
}
/// REQUIRES: the bytes stay as they are until the call with this parameter returns.
[[nodiscard]] inline Parameter bytes(std::string_view value) {
  return {{}, value, true};
}

/// A row of a result, in binary. Columns from 0; statements cast them to one of these types.
class RowView {
 public:
  RowView(const pg_result* result, int row) : result_(result), row_(row) {}
  [[nodiscard]] bool is_null(int column) const;
  [[nodiscard]] std::string_view bytes(int column) const;  ///< bytea or text
  [[nodiscard]] std::string text(int column) const { return std::string(bytes(column)); }
  [[nodiscard]] std::int64_t number(int column) const;  ///< bool, int2, int4, int8

 private:
  const pg_result* result_;
  int row_;
};

/// Rows of a statement.
class Rows {
 public:
  explicit Rows(pg_result* result);
  [[nodiscard]] int size() const;
  [[nodiscard]] RowView operator[](int row) const { return {result_.get(), row}; }
  /// Rows that an insert, update or delete has changed.
  [[nodiscard]] std::uint64_t changed() const;
  /// What the statement did, such as "COMMIT".
  [[nodiscard]] std::string command() const;

 private:
  std::shared_ptr<pg_result> result_;
};

/// How a group's transaction ended, see Session::poll_group().
struct GroupEnd {
  bool is_committed = false;  ///< durable on the servers that the primary waits for
  std::string state{};        ///< SQLSTATE of the failure; empty: no answer
  std::string message{};
};

/// Used by one thread at a time. After a failure that is_usable() reports, it may only be destroyed.
///
/// Failures are `draining` (the interrupt was raised), or code_of() their SQLSTATE; state() returns it.
class Session {
 public:
  /// Connects to one host. Fails with `unauthenticated`, `log_unreachable`, `draining`. Blocks, at most
  /// until `deadline`. REQUIRES: `dsn` and `interrupt` outlive the session.
  [[nodiscard]] static Result<std::unique_ptr<Session>> connect(
      const Dsn& dsn, const Host& host, const Interrupt& interrupt,
      std::chrono::steady_clock::time_point deadline);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Waits end at `deadline`, with `log_unreachable`. For statements that wait for nobody else.
  void set_deadline(std::chrono::steady_clock::time_point deadline) { deadline_ = deadline; }

  /// Asks `is_in_vain` each `interval` for which a statement waits, and ends it with `log_unreachable` if
  /// that is so: a server that is paused, or cut off from its standby, breaks no connection.
  void watch(std::chrono::milliseconds interval, std::function<bool()> is_in_vain) {
    watch_interval_ = interval;
    is_in_vain_ = std::move(is_in_vain);
  }

  /// What tells one run of a server from all others; set by Connector.
  [[nodiscard]] const std::string& server() const { return server_; }
  void set_server(std::string server) { server_ = std::move(server); }

  using Parameters = std::initializer_list<Parameter>;

  /// Runs one statement. Blocks.
  [[nodiscard]] Result<Rows> execute(const std::string& sql, Parameters parameters = {});
  /// As execute(); `visit` receives each row as it arrives. An error that it returns ends the statement,
  /// and the session is not usable any more.
  using RowVisitor = std::function<Result<void>(const RowView&)>;
  [[nodiscard]] Result<void> stream(const std::string& sql, Parameters parameters,
                                    const RowVisitor& visit);
  /// Commits the transaction that is open. Fails with `log_unreachable` also if the commit may be on one
  /// server only, as its wait for the standby was cancelled. Whether it took place is unknown then.
  [[nodiscard]] Result<void> commit();
  /// Ends a transaction that is open, without effect. If that fails, the session is not usable.
  void roll_back();

  /// SQLSTATE of the last failure; empty: of the connection.
  [[nodiscard]] const std::string& state() const { return state_; }
  [[nodiscard]] bool is_usable() const;

  /// Groups without waiting: several statements that form a transaction are sent at once. From
  /// enter_pipeline() on, only the functions below may be called.
  [[nodiscard]] Result<void> enter_pipeline();
  /// Adds a statement to the group.
  [[nodiscard]] bool add(const char* sql, std::span<const Parameter> parameters);
  /// Ends the group of `statements` statements, and begins to send it. The last two are the commit, and one
  /// that fails if the commit is worth nothing.
  [[nodiscard]] bool send_group(std::size_t statements);
  /// Sends and receives as far as possible without blocking. The end of the group, once it is known.
  /// REQUIRES: a group was sent, and its end was not returned.
  [[nodiscard]] std::optional<GroupEnd> poll_group();
  /// Whether an idle session has become unusable. Does not block.
  [[nodiscard]] bool is_idle_broken();

  /// The process of the server that serves this session, as pg_stat_activity shows it.
  [[nodiscard]] std::int32_t backend() const;

  [[nodiscard]] int fd() const;
  /// Whether poll_group() waits for room to send.
  [[nodiscard]] bool wants_to_write() const { return wants_to_write_; }

 private:
  Session(pg_conn* connection, const Dsn& dsn, const Interrupt& interrupt);
  [[nodiscard]] Result<void> wait(bool for_reading, bool for_writing,
                                  std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] Result<void> await_connected(std::chrono::steady_clock::time_point deadline);
  [[nodiscard]] Result<void> send(const std::string& sql, Parameters parameters);
  [[nodiscard]] Result<pg_result*> next_result();
  using ResultVisitor = std::function<Result<void>(Rows&& result)>;
  [[nodiscard]] Result<void> receive(const ResultVisitor& visit);
  [[nodiscard]] Error failure(const pg_result* result);
  static void on_notice(void* self, const pg_result* notice);

  pg_conn* const connection_;
  const Dsn& dsn_;
  const Interrupt& interrupt_;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::chrono::milliseconds watch_interval_{0};
  std::function<bool()> is_in_vain_;  ///< empty: nothing is watched
  std::string server_;
  std::string state_;
  bool has_warned_ = false;  ///< a warning since the statement or the group's commit began
  bool is_broken_ = false;   ///< must be closed: a result was left unread, or a wait was ended
  bool wants_to_write_ = false;
  GroupEnd end_;                     ///< of the group that is under way
  std::size_t statements_left_ = 0;  ///< of that group, without an answer
};

}  // namespace millrace::postgres_log
