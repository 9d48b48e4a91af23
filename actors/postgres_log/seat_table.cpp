#include "actors/postgres_log/seat_table.hpp"

#include <utility>

#include "actors/postgres_log/log_tables.hpp"
#include "actors/postgres_log/schema.hpp"
#include "actors/postgres_log/seats.hpp"

namespace millrace::postgres_log {

Result<std::unique_ptr<SeatTable>> SeatTable::open(const Options& options, bool makes) {
  auto dsn = Dsn::parse(options.dsn);
  if (!dsn) return dsn.error();
  std::unique_ptr<SeatTable> table(new SeatTable(*std::move(dsn), options));
  auto session = table->connector_.connect(table->interrupt_);
  if (!session) return session.error();
  table->session_ = *std::move(session);
  if (makes) {
    auto made = make_schema(*table->session_, options.schema, options.cluster);
    if (!made) return made.error();
    return table;
  }
  const auto facts = look_at_schema(*table->session_, options.schema, options.cluster);
  if (!facts) return facts.error();
  if (facts->version != 0) return table;
  return Error{ErrorCode::not_found, table->connector_.dsn().where() + " has no schema " +
                                         options.schema + " of Millrace"};
}

SeatTable::SeatTable(Dsn dsn, const Options& options)
    : options_(options),
      connector_(std::move(dsn), options.allow_unreplicated, options.connect_timeout,
                 options.patience) {}

Result<std::vector<Seat>> SeatTable::list() {
  return list_seats(*session_, options_.schema);
}

Result<bool> SeatTable::add(const std::string& name) {
  const auto found = find_seat(*session_, options_.schema, name);
  if (!found) return found.error();
  if (*found) return false;
  if (auto added = add_seat(*session_, options_.schema, name); !added) return added.error();
  return true;
}

Result<std::uint64_t> SeatTable::take(const std::string& name, std::chrono::milliseconds lease) {
  const auto found = find_seat(*session_, options_.schema, name);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::not_found, "there is no seat " + name};
  Options options = options_;
  options.node = name;
  options.holder = "millrace cluster remove";
  options.lease = lease;
  options.has_ended = [](const std::string& /*holder*/) {
    return true;
  };
  if (auto made = make_schema(*session_, options.schema, options.cluster); !made) {
    return made.error();
  }
  const auto taken = take_log(*session_, {options.schema, name}, options);
  if (!taken) return taken.error();
  return taken->epoch;
}

Result<void> SeatTable::remove(const std::string& name, std::uint64_t epoch) {
  return remove_seat(*session_, options_.schema, name, epoch);
}

}  // namespace millrace::postgres_log
