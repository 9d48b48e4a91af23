// The order workflow in audited data directories: `millrace audit`, and the end of a simulation.
#pragma once

#include "actors/store/durable_view.hpp"
#include "apps/audit/audit.hpp"

namespace millrace::orders::audit {

/// The queues of all directories, as the reader of the format found them. Bodies of messages are
/// left out, except their keys.
[[nodiscard]] DurableView view_of(const millrace::audit::Audit& read);

/// Adds a check for each invariant of the order workflow that `read` can be checked for, if it has
/// queues of the workflow: all of them if no message is in flight and all shards are there;
/// otherwise those that hold at any time and within a key. I9 needs the customers' records, and is
/// left out.
void add_order_checks(millrace::audit::Audit& read);

}  // namespace millrace::orders::audit
