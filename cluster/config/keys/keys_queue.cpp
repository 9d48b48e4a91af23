// Limits of queues.
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {
namespace {

using queues::Limits;

constexpr std::int64_t ms = 1'000;
constexpr std::int64_t hour = 3'600'000 * ms;
constexpr std::int64_t mib = 1 << 20;
constexpr std::int64_t u32_max = std::numeric_limits<std::uint32_t>::max();

template <auto Field>
void take_limit(Config& config, const Value& value) {
  take<&Config::queues, &QueueConfig::limits, Field>(config, value);
}

void add_backlog(KeyTable& table) {
  table.keys.push_back({.path = "queue[].backlog_messages",
                        .type = Type::integer,
                        .fallback = "1000000",
                        .doc = "Messages it holds; more are refused: backlog_full.",
                        .store = take_limit<&Limits::backlog_messages>,
                        .min = 1,
                        .max = 1'000'000'000});
  table.keys.push_back({.path = "queue[].backlog_bytes",
                        .type = Type::size,
                        .fallback = "\"4GiB\"",
                        .doc = "Their keys and bodies; more are refused: backlog_full.",
                        .store = take_limit<&Limits::backlog_bytes>,
                        .min = mib,
                        .max = mib * mib});
  table.keys.push_back({.path = "queue[].high_water_percent",
                        .type = Type::integer,
                        .fallback = "80",
                        .doc = "Share of the backlog above which feeding queues stop.",
                        .store = take_limit<&Limits::high_water_percent>,
                        .min = 1,
                        .max = 100});
  table.keys.push_back({.path = "queue[].low_water_percent",
                        .type = Type::integer,
                        .fallback = "60",
                        .doc = "Below it they go on; less than high_water_percent.",
                        .store = take_limit<&Limits::low_water_percent>,
                        .min = 0,
                        .max = 99});
  table.keys.push_back({.path = "queue[].body_cache",
                        .type = Type::size,
                        .fallback = "\"16MiB\"",
                        .doc = "Bodies in memory; others are read when they are due. The default "
                               "stands for the queue's share of runtime.body_cache.",
                        .store = take_limit<&Limits::body_cache_bytes>,
                        .min = 64 << 10,
                        .max = mib * mib});
}

void add_leases(KeyTable& table) {
  table.keys.push_back({.path = "queue[].in_flight",
                        .type = Type::integer,
                        .fallback = "1000",
                        .doc = "Messages leased or settling; beyond, dispatch waits.",
                        .store = take_limit<&Limits::in_flight>,
                        .min = 1,
                        .max = 1'000'000});
  table.keys.push_back({.path = "queue[].run_messages",
                        .type = Type::integer,
                        .fallback = "32",
                        .doc = "Consecutive messages of one key under one lease.",
                        .store = take_limit<&Limits::run_messages>,
                        .min = 1,
                        .max = 10'000});
  table.keys.push_back({.path = "queue[].run_bytes",
                        .type = Type::size,
                        .fallback = "\"4MiB\"",
                        .doc = "Their keys and bodies; one message may be larger.",
                        .store = take_limit<&Limits::run_bytes>,
                        .min = 1 << 10,
                        .max = 64 * mib});
  table.keys.push_back({.path = "queue[].lease",
                        .type = Type::duration,
                        .fallback = "\"30s\"",
                        .doc = "A handler's time; beyond, its outcome is refused: lease_expired.",
                        .store = take_limit<&Limits::lease_us>,
                        .min = ms,
                        .max = 24 * hour});
  table.keys.push_back({.path = "queue[].failed_max",
                        .type = Type::integer,
                        .fallback = "5",
                        .doc = "More failures than this make a dead letter.",
                        .store = take_limit<&Limits::failed_max>,
                        .min = 0,
                        .max = 1'000});
  table.keys.push_back({.path = "queue[].acquired_max",
                        .type = Type::integer,
                        .fallback = "100",
                        .doc = "More leases than this make a dead letter.",
                        .store = take_limit<&Limits::acquired_max>,
                        .min = 1,
                        .max = 1'000'000});
  table.keys.push_back({.path = "queue[].retry_first",
                        .type = Type::duration,
                        .fallback = "\"50ms\"",
                        .doc = "Delay after the first failure; it doubles.",
                        .store = take_limit<&Limits::retry_first_us>,
                        .min = 0,
                        .max = 24 * hour});
  table.keys.push_back({.path = "queue[].retry_max",
                        .type = Type::duration,
                        .fallback = "\"60s\"",
                        .doc = "Up to this; at least retry_first.",
                        .store = take_limit<&Limits::retry_max_us>,
                        .min = 0,
                        .max = 24 * hour});
}

void add_memory_of_repeats(KeyTable& table) {
  table.keys.push_back({.path = "queue[].idempotency_keys",
                        .type = Type::integer,
                        .fallback = "1048576",
                        .doc = "Idempotency keys remembered; beyond, the oldest go.",
                        .store = take_limit<&Limits::idempotency_keys>,
                        .min = 0,
                        .max = u32_max});
  table.keys.push_back({.path = "queue[].idempotency_window",
                        .type = Type::duration,
                        .fallback = "\"10m\"",
                        .doc = "How long one is remembered.",
                        .store = take_limit<&Limits::idempotency_window_us>,
                        .min = 0,
                        .max = 30 * 24 * hour});
  table.keys.push_back({.path = "queue[].producer_idle",
                        .type = Type::duration,
                        .fallback = "\"7d\"",
                        .doc = "Idle for so long, a producer is forgotten: unknown_producer.",
                        .store = take_limit<&Limits::producer_idle_us>,
                        .min = hour,
                        .max = 365 * 24 * hour});
}

}  // namespace

void add_queue_keys(KeyTable& table) {
  table.groups.push_back({.path = "queue[]",
                          .doc =
                              "Limits of a queue, for each of its shards. Queues without a table "
                              "of their own have the defaults.",
                          .open = add_item<&Config::queues>});
  table.keys.push_back({.path = "queue[].name",
                        .type = Type::name,
                        .doc = "The queue's name.",
                        .store = take<&Config::queues, &QueueConfig::name>,
                        .example = "\"orders.placed\"",
                        .is_required = true});
  add_backlog(table);
  add_leases(table);
  add_memory_of_repeats(table);
}

}  // namespace millrace::config
