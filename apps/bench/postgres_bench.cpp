#include "apps/bench/postgres_bench.hpp"

#include <chrono>

#include "actors/engines/engines.hpp"
#include "actors/engines/seats.hpp"

namespace millrace::bench {
namespace {

postgres_log::Options options_of(const BenchDatabase& database, const std::string& seat) {
  postgres_log::Options options;
  options.dsn = database.dsn;
  options.schema = "millrace_bench";
  options.node = seat;
  options.holder = "millrace bench";
  options.allow_unreplicated = database.allow_unreplicated;
  return options;
}

}  // namespace

std::shared_ptr<logs::Engine> postgres_for_bench(const BenchDatabase& database,
                                                 const std::string& seat, std::size_t group_bytes) {
  postgres_log::Options options = options_of(database, seat);
  options.group_bytes_max = group_bytes;
  return engines::make_engine(options);
}

Result<void> remove_bench_seat(const BenchDatabase& database, const std::string& seat) {
  const auto seats = postgres_log::SeatTable::open(options_of(database, seat), true);
  if (!seats) return seats.error();
  const auto epoch = (*seats)->take(seat, std::chrono::seconds(1));
  if (!epoch && epoch.error().code == ErrorCode::not_found) return {};
  if (!epoch) return epoch.error();
  return (*seats)->remove(seat, *epoch);
}

}  // namespace millrace::bench
