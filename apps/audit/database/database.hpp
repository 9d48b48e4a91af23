// Database: queries to a PostgreSQL server, as far as the audit needs them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

struct pg_conn;
struct pg_result;

namespace millrace::audit {

/// Rows of an answer, in binary. Columns from 0.
class Answer {
 public:
  explicit Answer(pg_result* result);
  [[nodiscard]] int rows() const;
  [[nodiscard]] bool is_null(int row, int column) const;
  /// Of a column of type text, name or bytea; valid as long as the answer.
  [[nodiscard]] std::string_view bytes(int row, int column) const;
  /// Of a column of type int8.
  [[nodiscard]] std::int64_t number(int row, int column) const;

 private:
  std::shared_ptr<pg_result> result_;
};

/// One connection. Used by one thread at a time; closed when destroyed.
class Database {
 public:
  /// Connects to the primary. `dsn`: a connection string of libpq. Fails with `invalid_argument` (it
  /// cannot be read), `log_unreachable`; no message quotes the string. Blocks.
  static Result<std::unique_ptr<Database>> connect(const std::string& dsn);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs one statement, with its parameters as text. Fails with `log_unreachable`, `not_found` (a table
  /// is not there). Blocks.
  Result<Answer> query(const std::string& sql, const std::vector<std::string>& parameters = {});

 private:
  explicit Database(pg_conn* connection) : connection_(connection) {}

  pg_conn* const connection_;
};

}  // namespace millrace::audit
