// Cross checks of limits: queues, the log, HTTP and membership.
#include <chrono>
#include <map>
#include <string>

#include <spdlog/fmt/fmt.h>

#include "actors/engines/engines.hpp"
#include "cluster/config/check/cross_checks.hpp"
#include "cluster/config/read/document.hpp"
#include "cluster/config/read/parse_value.hpp"

namespace millrace::config {
namespace {

void check_queue(Complaints& complaints, const std::string& path, const queues::Limits& limits) {
  if (limits.low_water_percent >= limits.high_water_percent) {
    complaints.add(path + ".low_water_percent",
                   fmt::format("expected less than high_water_percent ({}), got {}",
                               limits.high_water_percent, limits.low_water_percent),
                   path + ".high_water_percent");
  }
  if (limits.retry_max_us < limits.retry_first_us) {
    complaints.add(
        path + ".retry_max",
        fmt::format("expected at least retry_first (\"{}\"), got \"{}\"",
                    format_duration(limits.retry_first_us), format_duration(limits.retry_max_us)),
        path + ".retry_first");
  }
}

// Keys in memory have no age.
void check_forgetting(Complaints& complaints, const std::string& path, std::int64_t keep_us) {
  if (keep_us == 0 || complaints.config().runtime.state_cache_bytes > 0) return;
  complaints.add(path, fmt::format("expected 0us, as runtime.state_cache is 0B, got \"{}\"",
                                   format_duration(keep_us)));
}

void check_queues(Complaints& complaints) {
  std::map<std::string, std::size_t> seen;
  const auto& queues = complaints.config().queues;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const std::string path = fmt::format("queue.{}", i);
    if (!complaints.is_sound(path)) continue;
    check_queue(complaints, path, queues[i].limits);
    check_forgetting(complaints, path + ".keep_state", queues[i].limits.keep_state_us);
    check_forgetting(complaints, path + ".retention", queues[i].limits.keep_history_us);
    const auto [first, is_new] = seen.try_emplace(queues[i].name, i);
    if (is_new) continue;
    complaints.add(path + ".name",
                   fmt::format("expected a name of its own, got {}, which queue.{} has",
                               quote(queues[i].name), first->second));
  }
}

void check_journal(Complaints& complaints) {
  const journal::Options& options = complaints.config().journal;
  const std::uint64_t room = journal::record_room(options.segment_bytes);
  if (options.record_bytes_max > room) {
    complaints.add("journal.record_max",
                   fmt::format("expected at most {} bytes, to fit into a segment, got \"{}\"", room,
                               format_size(static_cast<std::int64_t>(options.record_bytes_max))),
                   "journal.segment");
  }
  if (options.ready_segments_max < options.reserve_segments) {
    complaints.add("journal.ready_segments_max",
                   fmt::format("expected at least reserve_segments ({}), got {}",
                               options.reserve_segments, options.ready_segments_max),
                   "journal.reserve_segments");
  }
}

void check_schema(Complaints& complaints) {
  postgres_log::Options options;
  options.schema = complaints.config().postgres.schema;
  options.node = "any";
  if (const auto valid = postgres_log::validate(options); !valid) {
    complaints.add("log.postgres.schema", valid.error().message + ", got " + quote(options.schema));
  }
}

void check_http(Complaints& complaints) {
  const HttpConfig& http = complaints.config().http;
  if (http.bodies_bytes_max < http.body_bytes_max) {
    complaints.add("http.bodies_max",
                   fmt::format("expected at least body_max (\"{}\"), got \"{}\"",
                               format_size(static_cast<std::int64_t>(http.body_bytes_max)),
                               format_size(static_cast<std::int64_t>(http.bodies_bytes_max))),
                   "http.body_max");
  }
  if (http.event_streams_max < http.connections_max) return;
  complaints.add("http.event_streams_max",
                 fmt::format("expected less than connections_max ({}), got {}",
                             http.connections_max, http.event_streams_max),
                 "http.connections_max");
}

void check_membership(Complaints& complaints) {
  const MembershipConfig& membership = complaints.config().membership;
  if (membership.acceptable_pause >= membership.heartbeat) return;
  complaints.add("membership.acceptable_pause",
                 fmt::format("expected at least heartbeat ({}), got {}", show(membership.heartbeat),
                             show(membership.acceptable_pause)),
                 "membership.heartbeat");
}

}  // namespace

void check_limits(Complaints& complaints) {
  check_queues(complaints);
  if (complaints.is_sound("journal")) check_journal(complaints);
  if (complaints.is_sound("log.postgres.schema")) check_schema(complaints);
  if (complaints.is_sound("http")) check_http(complaints);
  if (complaints.is_sound("membership")) check_membership(complaints);
}

}  // namespace millrace::config
