#include "actors/postgres_log/cold_reader.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

#include "actors/postgres_log/core/names.hpp"
#include "actors/postgres_log/core/row_format.hpp"
#include "actors/postgres_log/core/sql_state.hpp"

namespace millrace::postgres_log {

// Places of one segment, in log order, and how far they are visited.
struct ColdReader::Batch {
  SegmentNumber segment = 0;
  Lsn first_lsn = 0;
  std::span<const Place> places;       ///< of the whole read
  std::span<const std::size_t> order;  ///< indices into `places` that are left
  bool visitor_failed = false;

  [[nodiscard]] Lsn next_lsn() const { return first_lsn + offset_of(places[order.front()]); }
};

Result<std::unique_ptr<Session>> ColdReader::take_session() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      std::unique_ptr<Session> session = std::move(idle_.back());
      idle_.pop_back();
      return session;
    }
  }
  return connector_.connect(interrupt_);
}

void ColdReader::give_back(std::unique_ptr<Session> session) {
  if (!session->is_usable()) return;
  const std::lock_guard lock(mutex_);
  if (idle_.size() < idle_max) idle_.push_back(std::move(session));
}

Result<void> ColdReader::read(std::span<const Place> places, const PlaceVisitor& visit) {
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  Backoff backoff(options_.retry_min, options_.retry_max);
  std::span<const std::size_t> left = order;
  while (!left.empty()) {
    Batch batch;
    batch.segment = segment_of(places[left.front()]);
    const auto first_lsn = first_lsn_of_(batch.segment);
    if (!first_lsn) {
      return Error{ErrorCode::not_found,
                   "segment " + std::to_string(batch.segment) + " was released"};
    }
    batch.first_lsn = *first_lsn;
    batch.places = places;
    std::size_t count = 0;
    while (count < left.size() && count < batch_max &&
           segment_of(places[left[count]]) == batch.segment) {
      ++count;
    }
    batch.order = left.first(count);
    auto session = take_session();
    Result<void> done = session ? read_batch(**session, batch, visit) : session.error();
    left = left.subspan(count - batch.order.size());
    const bool is_connected = session.has_value();
    if (is_connected) give_back(*std::move(session));
    if (done) {
      backoff.reset();
      continue;
    }
    // A server that refuses a connection may be mended, as one that cannot be reached.
    const bool waits = !is_connected ? done.error().code != ErrorCode::draining
                                     : done.error().code == ErrorCode::log_unreachable;
    if (batch.visitor_failed || !waits) return done;
    if (!backoff.wait(interrupt_)) {
      return Error{ErrorCode::draining, "the log was stopped while it could not be reached"};
    }
  }
  return {};
}

Result<void> ColdReader::read_batch(Session& session, Batch& batch, const PlaceVisitor& visit) {
  std::string wanted = "{";
  for (const std::size_t index : batch.order) {
    if (wanted.size() > 1) wanted += ',';
    wanted += std::to_string(batch.first_lsn + offset_of(batch.places[index]));
  }
  wanted += '}';
  const std::string table = segment_table(options_.schema, seat_, batch.segment);
  // The row that holds a record is the last one that begins at it or before.
  const std::string sql = "select lsn, count::int8, frames from " + table +
                          " where lsn in (select (select max(lsn) from " + table +
                          " where lsn <= wanted) from unnest($1::int8[]) wanted) order by lsn";
  const auto on_frame = [&](const Frame& frame) -> Result<void> {
    while (!batch.order.empty() && batch.next_lsn() == frame.lsn) {
      auto visited = visit(batch.order.front(), frame);
      if (!visited) {
        batch.visitor_failed = true;
        return visited;
      }
      batch.order = batch.order.subspan(1);
    }
    return {};
  };
  const Result<void> read =
      session.stream(sql, {text(std::move(wanted))}, [&](const RowView& found) -> Result<void> {
        const Row row{batch.segment, static_cast<Lsn>(found.number(0)),
                      static_cast<std::uint32_t>(found.number(1)), found.bytes(2)};
        return visit_row(row, row.lsn, on_frame);
      });
  if (!read && !batch.visitor_failed && session.state() == undefined_table) {
    return Error{ErrorCode::not_found,
                 "segment " + std::to_string(batch.segment) + " was released"};
  }
  if (read && !batch.order.empty()) {
    return Error{ErrorCode::corrupt, "segment " + std::to_string(batch.segment) + ": record " +
                                         std::to_string(batch.next_lsn()) + " is missing"};
  }
  return read;
}

}  // namespace millrace::postgres_log
