// The database of a benchmark: the schema millrace_bench, whose seats are the benchmarks.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "actors/log/engine.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

struct BenchDatabase {
  std::string dsn{};                ///< may hold a password; nothing prints it
  bool allow_unreplicated = false;  ///< take a server whose commits wait for no standby
};

/// The log of `seat`, with groups of up to `group_bytes`. A log that a former run left goes on.
[[nodiscard]] std::shared_ptr<logs::Engine> postgres_for_bench(const BenchDatabase& database,
                                                               const std::string& seat,
                                                               std::size_t group_bytes);

/// Removes `seat` and its log, if there is one. Blocks. Fails as
/// the functions of postgres_log::SeatTable.
[[nodiscard]] Result<void> remove_bench_seat(const BenchDatabase& database,
                                             const std::string& seat);

}  // namespace millrace::bench
