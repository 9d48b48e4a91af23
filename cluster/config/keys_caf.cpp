// What may be told to CAF. It accepts any nonsense without a word, so only known options get there.
#include <string>

#include "cluster/config/bind.hpp"
#include "cluster/config/key_table.hpp"

namespace millrace::config {
namespace {

constexpr std::int64_t ms = 1'000;

// CAF names its options with hyphens, in the same groups as here.
template <const char* const& Name>
void take_integer(Config& config, const Value& value) {
  config.caf.push_back({.name = Name, .value = value.integer});
}

template <const char* const& Name>
void take_text(Config& config, const Value& value) {
  config.caf.push_back({.name = Name, .value = value.text});
}

template <const char* const& Name>
void take_duration(Config& config, const Value& value) {
  config.caf.push_back({.name = Name, .value = std::chrono::microseconds(value.integer)});
}

constexpr const char* policy = "scheduler.policy";
constexpr const char* max_throughput = "scheduler.max-throughput";
constexpr const char* workers = "middleman.workers";
constexpr const char* heartbeat_interval = "middleman.heartbeat-interval";
constexpr const char* connection_timeout = "middleman.connection-timeout";
constexpr const char* max_consecutive_reads = "middleman.max-consecutive-reads";

}  // namespace

void add_caf_keys(KeyTable& table) {
  table.groups.push_back({.path = "caf",
                          .doc =
                              "Options passed through to the actor framework. Unset: as Millrace "
                              "sets them, which suits nearly everybody."});
  table.groups.push_back({.path = "caf.scheduler", .doc = "How actors get threads."});
  table.keys.push_back({.path = "caf.scheduler.policy",
                        .type = Type::choice,
                        .doc = "How threads share the work.",
                        .store = take_text<policy>,
                        .choices = {"sharing", "stealing"},
                        .example = "\"sharing\""});
  table.keys.push_back({.path = "caf.scheduler.max-throughput",
                        .type = Type::integer,
                        .doc = "Messages that an actor takes before the next one has its turn.",
                        .store = take_integer<max_throughput>,
                        .min = 1,
                        .max = 1'000'000,
                        .example = "300"});
  table.groups.push_back({.path = "caf.middleman", .doc = "Connections between nodes."});
  table.keys.push_back({.path = "caf.middleman.workers",
                        .type = Type::integer,
                        .doc = "Threads that unpack what comes in; 0: none beside the I/O thread.",
                        .store = take_integer<workers>,
                        .min = 0,
                        .max = 64,
                        .example = "0"});
  table.keys.push_back({.path = "caf.middleman.heartbeat-interval",
                        .type = Type::duration,
                        .doc = "Time between two signs of life on a connection.",
                        .store = take_duration<heartbeat_interval>,
                        .min = 100 * ms,
                        .max = 600'000 * ms,
                        .example = "\"1s\""});
  table.keys.push_back({.path = "caf.middleman.connection-timeout",
                        .type = Type::duration,
                        .doc = "Silence after which a connection is given up; more than one "
                               "heartbeat-interval.",
                        .store = take_duration<connection_timeout>,
                        .min = 100 * ms,
                        .max = 600'000 * ms,
                        .example = "\"5s\""});
  table.keys.push_back({.path = "caf.middleman.max-consecutive-reads",
                        .type = Type::integer,
                        .doc = "Reads from one connection before the next one has its turn.",
                        .store = take_integer<max_consecutive_reads>,
                        .min = 1,
                        .max = 10'000,
                        .example = "50"});
}

}  // namespace millrace::config
