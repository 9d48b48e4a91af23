// Rows of [caf]: the options of CAF that take effect in Millrace. Millrace does not use CAF's own
// protocol between nodes, so that CAF's heartbeat, timeout and worker options have no rows.
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {

void add_caf_keys(KeyTable& table) {
  table.groups.push_back({.path = "caf",
                          .doc = "Options of the actor framework CAF, under its names. The "
                                 "defaults suit nearly every use. Threads are set in [runtime]."});
  table.groups.push_back({.path = "caf.scheduler", .doc = "Scheduling of actors on threads."});
  table.keys.push_back(
      {.path = "caf.scheduler.policy",
       .type = Type::choice,
       .fallback = "\"sharing\"",
       .doc = "sharing: threads take work from one queue; stealing: each thread has a queue and "
              "takes from the others when it is empty, which uses CPU while idle.",
       .store = take<&Config::caf, &CafConfig::policy>,
       .choices = {"sharing", "stealing"}});
  table.keys.push_back({.path = "caf.scheduler.max-throughput",
                        .type = Type::integer,
                        .fallback = "0",
                        .doc = "Messages that an actor handles per turn; 0: all in its mailbox.",
                        .store = take<&Config::caf, &CafConfig::max_throughput>,
                        .min = 0,
                        .max = 1'000'000});
  table.groups.push_back({.path = "caf.middleman", .doc = "Connections between nodes."});
  table.keys.push_back({.path = "caf.middleman.max-consecutive-reads",
                        .type = Type::integer,
                        .fallback = "50",
                        .doc = "Reads from one connection per turn.",
                        .store = take<&Config::caf, &CafConfig::max_consecutive_reads>,
                        .min = 1,
                        .max = 10'000});
}

}  // namespace millrace::config
