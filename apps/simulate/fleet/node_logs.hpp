// The logs of the nodes in PostgreSQL, if Options::dsn is set: a schema of the run, a log a node.
#pragma once

#include <filesystem>
#include <string>

#include "actors/store/durable_view.hpp"
#include "apps/simulate/plan/options.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// The file from which the nodes read Options::dsn.
[[nodiscard]] std::filesystem::path dsn_file(const Options& options);
/// The schema of the run: no other run of this machine has it.
[[nodiscard]] std::string schema(const Options& options);

/// Writes dsn_file(), for this user alone. Fails with `storage_failed`.
[[nodiscard]] Result<void> write_dsn(const Options& options);

/// The queues of all nodes, which have ended, as the engine reads them. Fails as StoppedNode::open() and
/// view(). Blocks.
[[nodiscard]] Result<DurableView> read_logs(const Options& options);

}  // namespace millrace::simulate
