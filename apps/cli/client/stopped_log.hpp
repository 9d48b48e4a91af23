// The log of a node that does not run, as options name it: a data directory, or the configuration of the
// node, which says where its log lies.
#pragma once

#include <string>

#include "actors/engines/log_copies.hpp"
#include "actors/store/stopped_node.hpp"
#include "apps/cli/client/server_options.hpp"
#include "messages/result.hpp"

namespace millrace::cli {

/// The log that the configuration in `file` names, with the environment of this process. Files that the
/// configuration names are not checked, but for the connection string. `node`: name of the node; empty:
/// that of the configuration. Fails with `invalid_argument` (the message has the first mistake in the
/// configuration) and as config::read_dsn(). Blocks.
[[nodiscard]] Result<engines::AnyLog> configured_log(const std::string& file,
                                                     const std::string& node);

/// As configured_log() if `place` is a file; otherwise `place` is a data directory, which need not exist.
[[nodiscard]] Result<engines::AnyLog> log_at(const std::string& place, const std::string& node);

/// The log of `options`, one of whose data_dir and config is set. Fails as configured_log(). Blocks.
[[nodiscard]] Result<engines::AnyLog> log_of(const LogOptions& options);

/// Reads the log of `options`. Fails as log_of() and StoppedNode::open(). Blocks.
[[nodiscard]] Result<StoppedNode> open_stopped(const LogOptions& options);

}  // namespace millrace::cli
