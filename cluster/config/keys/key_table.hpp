// The table of all keys. To add a key is to add a row here: parsing, range checks, suggestions,
// `config print-defaults`, `config print --effective` and docs/config.md follow.
#pragma once

#include "cluster/config/keys/key.hpp"

namespace millrace::config {

/// All of them, in the order in which they are printed.
[[nodiscard]] const KeyTable& key_table();

// The rows by subject.
void add_node_keys(KeyTable& table);      ///< include, node, listen, cluster, membership, drain
void add_service_keys(KeyTable& table);   ///< tls, http, log
void add_storage_keys(KeyTable& table);   ///< runtime, journal
void add_queue_keys(KeyTable& table);     ///< queue
void add_pipeline_keys(KeyTable& table);  ///< pipeline and its stages
void add_caf_keys(KeyTable& table);       ///< caf

}  // namespace millrace::config
