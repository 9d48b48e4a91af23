// `millrace simulate --server`: a load on running nodes over HTTP, and the part of the audit that
// the HTTP API allows.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "apps/report/run_report.hpp"
#include "apps/simulate/plan/options.hpp"
#include "apps/simulate/remote/customer.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

struct RemoteOptions {
  Options load;                      ///< after complete(); options of own nodes are ignored
  std::vector<std::string> servers;  ///< names for messages; at least one
  ConnectNode connect{};             ///< by index in `servers`
  std::chrono::seconds timeout{90};  ///< longest time without an answer or progress
};

/// Text of --help: the invariants that a remote audit checks and those that it cannot check.
inline constexpr const char* remote_invariants =
    "checked over the HTTP API: I5 invoices, I8 histories, I9 presence of each confirmed order;\n"
    "not checked, as it takes the nodes' data directories: stock (I1-I3), captures (I4), "
    "shipments\n"
    "(I6), partial effects (I7), repeats beyond the saga's (I10), order per key (I11),\n"
    "notifications (I12), the ledger, and orders that nobody placed";

/// Places the orders, waits until each is final or paused, then reads all orders for the audit.
/// Blocks; prints progress on stderr. A negative verdict, or a run that stalled (`failure` in the
/// report), is a result, not an error. Fails with `unreachable` if no node answers within the
/// timeout, `expired` on SIGINT or SIGTERM, or with the error with which the nodes refuse offers.
[[nodiscard]] Result<report::RunReport> simulate_remote(const RemoteOptions& options);

/// "r1a2b3c4-o0 to r1a2b3c4-o99": ids of the orders of a remote run.
[[nodiscard]] std::string order_ids(const report::RunReport& report);

}  // namespace millrace::simulate
