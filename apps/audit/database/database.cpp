#include "apps/audit/database/database.hpp"

#include <algorithm>

#include <libpq-fe.h>

namespace millrace::audit {
namespace {

constexpr int binary = 1;
constexpr const char* undefined_table = "42P01";

std::string first_line(const char* message) {
  std::string text = message == nullptr ? "" : message;
  text.resize(std::min(text.size(), text.find('\n')));
  return text;
}

}  // namespace

Answer::Answer(pg_result* result) : result_(result, &PQclear) {}

int Answer::rows() const {
  return PQntuples(result_.get());
}

bool Answer::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Answer::bytes(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t Answer::number(int row, int column) const {
  std::uint64_t value = 0;
  for (const char c : bytes(row, column)) value = value << 8 | static_cast<unsigned char>(c);
  return static_cast<std::int64_t>(value);
}

Result<std::unique_ptr<Database>> Database::connect(const std::string& dsn) {
  // Checked first: the message of a failed connection would quote a part of a string that is wrong.
  PQconninfoOption* const parsed = PQconninfoParse(dsn.c_str(), nullptr);
  if (parsed == nullptr) {
    return Error{ErrorCode::invalid_argument,
                 "the connection string cannot be read; expected 'host=… dbname=… user=…' or "
                 "'postgresql://…'"};
  }
  PQconninfoFree(parsed);
  const char* const keys[] = {"dbname", "target_session_attrs", "application_name",
                              "client_encoding", nullptr};
  const char* const values[] = {dsn.c_str(), "read-write", "millrace audit", "UTF8", nullptr};
  std::unique_ptr<Database> database{new Database(PQconnectdbParams(keys, values, 1))};
  if (PQstatus(database->connection_) == CONNECTION_OK) return database;
  return Error{ErrorCode::log_unreachable, first_line(PQerrorMessage(database->connection_))};
}

Database::~Database() {
  PQfinish(connection_);
}

Result<Answer> Database::query(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const std::string& parameter : parameters) values.push_back(parameter.c_str());
  pg_result* const result = PQexecParams(connection_, sql.c_str(), static_cast<int>(values.size()),
                                         nullptr, values.data(), nullptr, nullptr, binary);
  Answer answer(result);
  const ExecStatusType status = PQresultStatus(result);
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) return answer;
  const char* const state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const bool is_missing = state != nullptr && std::string_view(state) == undefined_table;
  return Error{is_missing ? ErrorCode::not_found : ErrorCode::log_unreachable,
               first_line(PQerrorMessage(connection_))};
}

}  // namespace millrace::audit
