// What no single key can tell: whether the configuration as a whole makes sense.
#pragma once

#include "cluster/config/read/resolved.hpp"

namespace millrace::config {

/// Adds a problem for each contradiction between keys. Keys that have a problem of their own are
/// not held against others. Files are not looked at: see load.hpp.
void check_across(Resolved& resolved);

class Complaints;

/// By subject; each complains through its argument.
void check_nodes(Complaints& complaints);      ///< names, addresses, shards
void check_security(Complaints& complaints);   ///< nothing beyond loopback without a key
void check_limits(Complaints& complaints);     ///< of queues, the journal, HTTP, membership, CAF
void check_pipelines(Complaints& complaints);  ///< names, roles, options of stages

}  // namespace millrace::config
