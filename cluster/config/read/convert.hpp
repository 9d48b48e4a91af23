// From a document to a Config: along the schema, key by key.
#pragma once

#include "cluster/config/read/document.hpp"
#include "cluster/config/read/resolved.hpp"

namespace millrace::config {

/// Takes each value of the document into `into.config` and `into.settings`, and defaults where it
/// says nothing. Unknown keys and values out of range become problems; so do required keys that are
/// missing, unless the document `is_partial` because a file could not be read.
void convert(const Node& root, bool is_partial, Resolved& into);

}  // namespace millrace::config
