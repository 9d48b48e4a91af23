// Rows of [runtime] and [journal].
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

void add_runtime(KeyTable& table) {
  table.groups.push_back(
      {.path = "runtime", .doc = "Threads and memory of the node, and how it begins."});
  table.keys.push_back({.path = "runtime.threads",
                        .type = Type::integer,
                        .fallback = "0",
                        .doc = "Threads of the scheduler; 0: one per core, at least 2.",
                        .store = take<&Config::runtime, &RuntimeConfig::threads>,
                        .min = 0,
                        .max = 1024});
  table.keys.push_back({.path = "runtime.start_paused",
                        .type = Type::boolean,
                        .fallback = "false",
                        .doc = "All queues that stages read begin paused at each start, unless "
                               "they are: for a start after an incident or a restore.",
                        .store = take<&Config::runtime, &RuntimeConfig::start_paused>});
  table.keys.push_back({.path = "runtime.body_cache",
                        .type = Type::size,
                        .fallback = "\"256MiB\"",
                        .doc = "Bodies of messages in memory, for all queues together; others are "
                               "read from the log when they are due.",
                        .store = take<&Config::runtime, &RuntimeConfig::body_cache_bytes>,
                        .min = mib,
                        .max = 1024 * gib});
  table.keys.push_back({.path = "runtime.state_cache",
                        .type = Type::size,
                        .fallback = "\"0B\"",
                        .doc =
                            "States and histories of keys in memory, for all queues together; the "
                            "rest is on disk, in state/ of the data directory. 0B: all are in "
                            "memory, and in every checkpoint.",
                        .store = take<&Config::runtime, &RuntimeConfig::state_cache_bytes>,
                        .min = 0,
                        .max = 1024 * gib});
  table.keys.push_back({.path = "runtime.checkpoint_log",
                        .type = Type::size,
                        .fallback = "\"128MiB\"",
                        .doc = "Log between two checkpoints, at least: how much a restart reads.",
                        .store = take<&Config::runtime, &RuntimeConfig::checkpoint_log_bytes>,
                        .min = mib,
                        .max = 1024 * gib});
}

void add_journal_segments(KeyTable& table) {
  table.keys.push_back({.path = "journal.segment",
                        .type = Type::size,
                        .fallback = "\"32MiB\"",
                        .doc = "Size of a segment file.",
                        .store = take<&Config::journal, &journal::Options::segment_bytes>,
                        .min = 32 * mib,
                        .max = gib,
                        .step = 4 * kib});
  table.keys.push_back({.path = "journal.record_max",
                        .type = Type::size,
                        .fallback = "\"16MiB\"",
                        .doc = "Largest record; it must fit into a segment, and take the largest "
                               "message with all that a handler makes of it.",
                        .store = take<&Config::journal, &journal::Options::record_bytes_max>,
                        .min = 16 * mib,
                        .max = gib});
  table.keys.push_back({.path = "journal.reserve_segments",
                        .type = Type::integer,
                        .fallback = "3",
                        .doc = "Kept ready for accepted work; with fewer, offers are refused: "
                               "storage_full. The last two, or all but one, pack the log.",
                        .store = take<&Config::journal, &journal::Options::reserve_segments>,
                        .min = 1,
                        .max = 1024});
  table.keys.push_back({.path = "journal.ready_segments_max",
                        .type = Type::integer,
                        .fallback = "8",
                        .doc = "Released segments kept for reuse; at least reserve_segments.",
                        .store = take<&Config::journal, &journal::Options::ready_segments_max>,
                        .min = 1,
                        .max = 1024});
  table.keys.push_back({.path = "journal.free_min",
                        .type = Type::size,
                        .fallback = "\"64MiB\"",
                        .doc = "Of the disk, left free for checkpoints.",
                        .store = take<&Config::journal, &journal::Options::free_bytes_min>,
                        .min = 0,
                        .max = 1024 * gib});
  table.keys.push_back({.path = "journal.allocate_retry",
                        .type = Type::duration,
                        .fallback = "\"1s\"",
                        .doc = "Time between two attempts to add a segment on a full disk.",
                        .store = take<&Config::journal, &journal::Options::allocate_retry>,
                        .min = ms,
                        .max = 600'000 * ms,
                        .step = ms});
}

void add_journal_groups(KeyTable& table) {
  table.keys.push_back({.path = "journal.groups_max",
                        .type = Type::integer,
                        .fallback = "3",
                        .doc = "Groups of records written at the same time, each by its thread.",
                        .store = take<&Config::journal, &journal::Options::groups_max>,
                        .min = 1,
                        .max = 16});
  table.keys.push_back({.path = "journal.group_max",
                        .type = Type::size,
                        .fallback = "\"1MiB\"",
                        .doc = "Size of one group; a larger record is a group of its own.",
                        .store = take<&Config::journal, &journal::Options::group_bytes_max>,
                        .min = 4 * kib,
                        .max = 64 * mib});
  table.keys.push_back({.path = "journal.idle_mark_after",
                        .type = Type::duration,
                        .fallback = "\"5ms\"",
                        .doc = "Quiet time after which the confirmed end of the log is marked.",
                        .store = take<&Config::journal, &journal::Options::idle_mark_after>,
                        .min = 0,
                        .max = 60'000 * ms});
  table.keys.push_back({.path = "journal.direct",
                        .type = Type::boolean,
                        .fallback = "true",
                        .doc = "Bypass the page cache where the file system allows it.",
                        .store = take<&Config::journal, &journal::Options::direct>});
}

}  // namespace

void add_storage_keys(KeyTable& table) {
  add_runtime(table);
  table.groups.push_back({.path = "journal", .doc = "The log on disk."});
  add_journal_segments(table);
  add_journal_groups(table);
}

}  // namespace millrace::config
