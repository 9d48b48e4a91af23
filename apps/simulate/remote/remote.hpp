// `millrace simulate --server`: a load on nodes that were started elsewhere, and the part of the
// audit that their HTTP API allows.
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
  Options load;                      ///< complete; what concerns nodes of its own is not looked at
  std::vector<std::string> servers;  ///< for people; at least one
  ConnectNode connect{};             ///< by index in `servers`
  std::chrono::seconds timeout{90};  ///< longest time without an answer, or with nothing moving
};

/// What remote audits check, and what they cannot, for people.
inline constexpr const char* remote_invariants =
    "checked over the HTTP API: I5 invoices, I8 histories, I9 presence of each confirmed order;\n"
    "not checked, as it takes the nodes' data directories: stock (I1-I3), captures (I4), "
    "shipments\n"
    "(I6), partial effects (I7), repeats beyond the saga's (I10), order per key (I11),\n"
    "notifications (I12), the ledger, and orders that nobody placed";

/// Places the orders, waits until each is final or paused, and reads all of them again for the
/// audit. The report's verdict may be negative, and its `failure` says why a run could not be
/// finished; both are results. Fails with `unreachable` where no node answers for longer than the
/// timeout, with `expired` where a signal interrupts it, and with what the nodes refuse offers
/// with. Progress goes to stderr.
[[nodiscard]] Result<report::RunReport> simulate_remote(const RemoteOptions& options);

/// "r1a2b3c4-o0 to r1a2b3c4-o99": ids of the orders of a remote run.
[[nodiscard]] std::string order_ids(const report::RunReport& report);

}  // namespace millrace::simulate
