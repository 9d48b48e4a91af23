// Fills in what follows from the list of nodes.
#pragma once

#include "cluster/config/read/document.hpp"

namespace millrace::config {

/// A node that does not say where it listens or what it is for has that from its entry under
/// cluster.nodes, with the place of it.
void derive(Node& root);

}  // namespace millrace::config
