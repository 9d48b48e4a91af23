// Rows of [log.postgres].
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"
#include "cluster/config/keys/units.hpp"

namespace millrace::config {
namespace {

void add_server(KeyTable& table) {
  table.keys.push_back({.path = "log.postgres.dsn_file",
                        .type = Type::path,
                        .doc = "File with the connection string of libpq, one or several hosts. "
                               "Unset: it is in the environment, MILLRACE_POSTGRES_DSN.",
                        .store = take<&Config::log, &LogConfig::dsn_file>,
                        .example = "\"secrets/postgres.dsn\""});
  table.keys.push_back({.path = "log.postgres.schema",
                        .type = Type::name,
                        .fallback = "\"millrace\"",
                        .doc = "Schema of the tables of the cluster; made if missing.",
                        .store = take<&Config::postgres, &postgres_log::Options::schema>});
  table.keys.push_back(
      {.path = "log.postgres.allow_unreplicated",
       .type = Type::boolean,
       .fallback = "false",
       .doc = "Accept a server whose commits wait for no standby: its loss loses "
              "what was confirmed. For development.",
       .store = take<&Config::postgres, &postgres_log::Options::allow_unreplicated>});
}

void add_times(KeyTable& table) {
  table.keys.push_back({.path = "log.postgres.follow",
                        .type = Type::boolean,
                        .fallback = "false",
                        .doc =
                            "A process that waits for a node follows the log of each that it may "
                            "become, so that it serves at once. Needs the memory of all of them.",
                        .store = take<&Config::log, &LogConfig::follow>});
  table.keys.push_back({.path = "log.postgres.patience",
                        .type = Type::duration,
                        .fallback = "\"30s\"",
                        .doc = "Time without the server after which offers are refused: "
                               "log_unreachable. The node goes on and tries again.",
                        .store = take<&Config::postgres, &postgres_log::Options::patience>,
                        .min = second / 10,
                        .max = 3600 * second});
  table.keys.push_back({.path = "log.postgres.lease",
                        .type = Type::duration,
                        .fallback = "\"3s\"",
                        .doc = "Silence of a node after which another process may take its place; "
                               "renewed each third of it.",
                        .store = take<&Config::postgres, &postgres_log::Options::lease>,
                        .min = second,
                        .max = 3600 * second});
}

void add_groups(KeyTable& table) {
  table.keys.push_back({.path = "log.postgres.groups",
                        .type = Type::integer,
                        .fallback = "3",
                        .doc = "Groups of records that are committed at the same time, each on a "
                               "connection of its own.",
                        .store = take<&Config::postgres, &postgres_log::Options::groups_max>,
                        .min = 1,
                        .max = 16});
  table.keys.push_back({.path = "log.postgres.group_max",
                        .type = Type::size,
                        .fallback = "\"256KiB\"",
                        .doc = "Bytes of one group; a larger record is a group of its own.",
                        .store = take<&Config::postgres, &postgres_log::Options::group_bytes_max>,
                        .min = 4 * kib,
                        .max = 64 * mib});
  table.keys.push_back({.path = "log.postgres.segment",
                        .type = Type::size,
                        .fallback = "\"64MiB\"",
                        .doc = "Bytes of a segment, a table that is released as a whole.",
                        .store = take<&Config::postgres, &postgres_log::Options::segment_bytes>,
                        .min = mib,
                        .max = gib});
}

}  // namespace

void add_postgres_keys(KeyTable& table) {
  table.groups.push_back(
      {.path = "log.postgres", .doc = "PostgreSQL as the durable log; see docs/replication.md."});
  add_server(table);
  add_times(table);
  add_groups(table);
}

}  // namespace millrace::config
