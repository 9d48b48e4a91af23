// Rows of [[queue]]: limits of queues.
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

using queues::Limits;

constexpr std::int64_t u32_max = std::numeric_limits<std::uint32_t>::max();

template <auto Field>
void take_limit(Config& config, const Value& value) {
  take<&Config::queues, &QueueConfig::limits, Field>(config, value);
  if (!value.is_default) config.queues.back().set_keys.insert(value.name);
}

void add_backlog(KeyTable& table) {
  table.keys.push_back(
      {.path = "queue[].backlog_messages",
       .type = Type::integer,
       .fallback = "1000000",
       .doc = "Maximum live messages; beyond, offers are refused with backlog_full.",
       .store = take_limit<&Limits::backlog_messages>,
       .min = 1,
       .max = 1'000'000'000});
  table.keys.push_back({.path = "queue[].backlog_bytes",
                        .type = Type::size,
                        .fallback = "\"4GiB\"",
                        .doc = "Maximum size of the keys and bodies of live messages; beyond, "
                               "offers are refused with backlog_full.",
                        .store = take_limit<&Limits::backlog_bytes>,
                        .min = mib,
                        .max = mib * mib});
  table.keys.push_back(
      {.path = "queue[].high_water_percent",
       .type = Type::integer,
       .fallback = "80",
       .doc = "Share of the backlog limit above which queues that feed this one stop leasing.",
       .store = take_limit<&Limits::high_water_percent>,
       .min = 1,
       .max = 100});
  table.keys.push_back(
      {.path = "queue[].low_water_percent",
       .type = Type::integer,
       .fallback = "60",
       .doc = "Share of the backlog limit below which they resume; less than high_water_percent.",
       .store = take_limit<&Limits::low_water_percent>,
       .min = 0,
       .max = 99});
  table.keys.push_back(
      {.path = "queue[].body_cache",
       .type = Type::size,
       .fallback = "\"16MiB\"",
       .doc = "Size of the bodies kept in memory; others are read from disk when they are due. The "
              "default stands for the queue's share of runtime.body_cache.",
       .store = take_limit<&Limits::body_cache_bytes>,
       .min = 64 << 10,
       .max = mib * mib});
}

void add_leases(KeyTable& table) {
  table.keys.push_back({.path = "queue[].in_flight",
                        .type = Type::integer,
                        .fallback = "1000",
                        .doc = "Maximum messages leased or settling; beyond, no more are leased.",
                        .store = take_limit<&Limits::in_flight>,
                        .min = 1,
                        .max = 1'000'000});
  table.keys.push_back({.path = "queue[].in_flight_bytes",
                        .type = Type::size,
                        .fallback = "\"16MiB\"",
                        .doc = "Size of the keys and bodies of messages leased or settling, from "
                               "which on no more are leased. Of one shard.",
                        .store = take_limit<&Limits::in_flight_bytes>,
                        .min = 1 << 10,
                        .max = mib * mib});
  table.keys.push_back({.path = "queue[].run_messages",
                        .type = Type::integer,
                        .fallback = "32",
                        .doc = "Maximum consecutive messages of one key in one lease.",
                        .store = take_limit<&Limits::run_messages>,
                        .min = 1,
                        .max = 10'000});
  table.keys.push_back(
      {.path = "queue[].run_bytes",
       .type = Type::size,
       .fallback = "\"4MiB\"",
       .doc = "Maximum size of the keys and bodies of one lease; a single message may be larger.",
       .store = take_limit<&Limits::run_bytes>,
       .min = 1 << 10,
       .max = 64 * mib});
  table.keys.push_back(
      {.path = "queue[].lease",
       .type = Type::duration,
       .fallback = "\"30s\"",
       .doc = "Duration of a lease; a later outcome is refused with lease_expired.",
       .store = take_limit<&Limits::lease_us>,
       .min = ms,
       .max = 24 * hour});
  table.keys.push_back({.path = "queue[].failed_max",
                        .type = Type::integer,
                        .doc = "Maximum failures of a message; one more makes it a dead letter. "
                               "Unset: as the stage says, by default retries without end.",
                        .store = take_limit<&Limits::failed_max>,
                        .min = 0,
                        .max = 1'000,
                        .example = "5"});
  table.keys.push_back({.path = "queue[].acquired_max",
                        .type = Type::integer,
                        .doc = "Maximum leases of a message, whatever became of them; one more "
                               "makes it a dead letter. Unset: no limit.",
                        .store = take_limit<&Limits::acquired_max>,
                        .min = 1,
                        .max = 1'000'000,
                        .example = "1000"});
  table.keys.push_back({.path = "queue[].retry_first",
                        .type = Type::duration,
                        .fallback = "\"100ms\"",
                        .doc = "Delay after the first failure; doubles with each failure.",
                        .store = take_limit<&Limits::retry_first_us>,
                        .min = 0,
                        .max = 24 * hour});
  table.keys.push_back({.path = "queue[].retry_max",
                        .type = Type::duration,
                        .fallback = "\"60s\"",
                        .doc = "Maximum delay; at least retry_first.",
                        .store = take_limit<&Limits::retry_max_us>,
                        .min = 0,
                        .max = 24 * hour});
}

void add_memory_of_repeats(KeyTable& table) {
  table.keys.push_back(
      {.path = "queue[].idempotency_keys",
       .type = Type::integer,
       .fallback = "1048576",
       .doc = "Maximum idempotency keys remembered; beyond, the oldest are forgotten.",
       .store = take_limit<&Limits::idempotency_keys>,
       .min = 0,
       .max = u32_max});
  table.keys.push_back({.path = "queue[].idempotency_window",
                        .type = Type::duration,
                        .fallback = "\"10m\"",
                        .doc = "Time for which an idempotency key is remembered.",
                        .store = take_limit<&Limits::idempotency_window_us>,
                        .min = 0,
                        .max = 30 * 24 * hour});
  table.keys.push_back({.path = "queue[].producer_idle",
                        .type = Type::duration,
                        .fallback = "\"7d\"",
                        .doc = "A producer idle for longer is forgotten; its next offer is refused "
                               "with unknown_producer.",
                        .store = take_limit<&Limits::producer_idle_us>,
                        .min = hour,
                        .max = 365 * 24 * hour});
}

void add_retention(KeyTable& table) {
  table.keys.push_back({.path = "queue[].keep_state",
                        .type = Type::duration,
                        .fallback = "\"0us\"",
                        .doc =
                            "Time for which the state and history of a key are kept after its last "
                            "change, unless its stage says so itself. 0us: for ever. Needs "
                            "runtime.state_cache.",
                        .store = take_limit<&Limits::keep_state_us>,
                        .min = 0,
                        .max = 100 * 365 * 24 * hour});
  table.keys.push_back(
      {.path = "queue[].retention",
       .type = Type::duration,
       .fallback = "\"0us\"",
       .doc = "Time for which the history of a key is kept after its last change. 0us: "
              "for ever. Needs runtime.state_cache.",
       .store = take_limit<&Limits::keep_history_us>,
       .min = 0,
       .max = 100 * 365 * 24 * hour});
}

}  // namespace

void add_queue_keys(KeyTable& table) {
  table.groups.push_back(
      {.path = "queue[]",
       .doc =
           "Limits of a queue, for each of its shards. Queues without a table have the defaults.",
       .open = add_item<&Config::queues>});
  table.keys.push_back({.path = "queue[].name",
                        .type = Type::name,
                        .doc = "The queue's name.",
                        .store = take<&Config::queues, &QueueConfig::name>,
                        .example = "\"orders.placed\"",
                        .is_required = true});
  table.keys.push_back({.path = "queue[].type",
                        .type = Type::choice,
                        .doc = "json: each message is a JSON value; bytes: any bytes. Unset: the "
                               "Protobuf type that the pipelines of the program give it.",
                        .store = take<&Config::queues, &QueueConfig::type>,
                        .choices = {"json", "bytes"},
                        .example = "\"json\""});
  table.keys.push_back({.path = "queue[].key",
                        .type = Type::pointer,
                        .doc =
                            "Where each message of a json queue has its key: messages of one "
                            "key are handled in order. Unset: it has none, or the sender gives it.",
                        .store = take<&Config::queues, &QueueConfig::key>,
                        .example = "\"/customer/id\""});
  table.keys.push_back({.path = "queue[].leases",
                        .type = Type::boolean,
                        .fallback = "false",
                        .doc = "Workers lease its messages over HTTP, and no stage reads it.",
                        .store = take<&Config::queues, &QueueConfig::leases>});
  table.keys.push_back({.path = "queue[].outputs",
                        .type = Type::names,
                        .doc = "Queues that those workers may write to.",
                        .store = take<&Config::queues, &QueueConfig::outputs>,
                        .example = "[\"archive\"]"});
  add_backlog(table);
  add_leases(table);
  add_memory_of_repeats(table);
  add_retention(table);
}

}  // namespace millrace::config
