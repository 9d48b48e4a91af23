// SeatTable: the seats of a cluster for its operators, over a connection of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/postgres_log/options.hpp"
#include "actors/postgres_log/session/connector.hpp"
#include "actors/postgres_log/session/interrupt.hpp"
#include "actors/postgres_log/session/session.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Not thread-safe; calls block. They fail as Session does.
class SeatTable {
 public:
  /// Connects to the server and the schema of `options`, and makes the schema if `makes` is true. Fails with
  /// `not_found` (there is no such schema), as Connector::connect() and make_schema().
  [[nodiscard]] static Result<std::unique_ptr<SeatTable>> open(const Options& options, bool makes);
  SeatTable(const SeatTable&) = delete;
  SeatTable& operator=(const SeatTable&) = delete;

  /// All seats, by name.
  [[nodiscard]] Result<std::vector<Seat>> list();

  /// Makes the seat. Returns whether there was none.
  [[nodiscard]] Result<bool> add(const std::string& name);

  /// Takes the seat from the process that holds it, if one does, for `lease`: that process ends. Returns the
  /// new epoch. Fails with `not_found`.
  [[nodiscard]] Result<std::uint64_t> take(const std::string& name,
                                           std::chrono::milliseconds lease);

  /// Removes the seat and its log for good. `epoch`: of take(). Fails as remove_seat().
  [[nodiscard]] Result<void> remove(const std::string& name, std::uint64_t epoch);

 private:
  SeatTable(Dsn dsn, const Options& options);

  Options options_;
  Interrupt interrupt_;
  Connector connector_;
  std::unique_ptr<Session> session_;
};

}  // namespace millrace::postgres_log
