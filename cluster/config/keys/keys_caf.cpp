// What may be told to the actor framework: only what takes effect here. Its own protocol between
// nodes is not used, so that nothing of its heartbeats, timeouts and workers does.
#include "cluster/config/keys/bind.hpp"
#include "cluster/config/keys/key_table.hpp"

namespace millrace::config {

void add_caf_keys(KeyTable& table) {
  table.groups.push_back({.path = "caf",
                          .doc =
                              "Options of the actor framework, under its names. As they are they "
                              "suit nearly everybody; threads are under [runtime]."});
  table.groups.push_back({.path = "caf.scheduler", .doc = "How actors get threads."});
  table.keys.push_back({.path = "caf.scheduler.policy",
                        .type = Type::choice,
                        .fallback = "\"sharing\"",
                        .doc = "How threads share the work: from one line, or each from its own "
                               "and then from those of others, which takes CPU also when idle.",
                        .store = take<&Config::caf, &CafConfig::policy>,
                        .choices = {"sharing", "stealing"}});
  table.keys.push_back({.path = "caf.scheduler.max-throughput",
                        .type = Type::integer,
                        .fallback = "0",
                        .doc = "Messages that an actor takes before the next one has its turn; 0: "
                               "all that it has.",
                        .store = take<&Config::caf, &CafConfig::max_throughput>,
                        .min = 0,
                        .max = 1'000'000});
  table.groups.push_back({.path = "caf.middleman", .doc = "Connections between nodes."});
  table.keys.push_back({.path = "caf.middleman.max-consecutive-reads",
                        .type = Type::integer,
                        .fallback = "50",
                        .doc = "Reads from one connection before the next one has its turn.",
                        .store = take<&Config::caf, &CafConfig::max_consecutive_reads>,
                        .min = 1,
                        .max = 10'000});
}

}  // namespace millrace::config
