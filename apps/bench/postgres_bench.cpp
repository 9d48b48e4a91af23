#include "apps/bench/postgres_bench.hpp"

#include "actors/engines/engines.hpp"
#include "actors/engines/remove_seat.hpp"

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
  return engines::remove_seat(options_of(database, seat));
}

}  // namespace millrace::bench
