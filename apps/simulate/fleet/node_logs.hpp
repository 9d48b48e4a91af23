// The logs of the nodes in PostgreSQL, with LogKind::postgres: a schema of the run, a log a node.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "apps/simulate/plan/options.hpp"
#include "messages/result.hpp"

namespace millrace::simulate {

/// The file from which a process reads its connection string.
[[nodiscard]] std::filesystem::path dsn_file(const Options& options, std::uint32_t process);
/// The schema of the run: no other run of this machine has it.
[[nodiscard]] std::string schema(const Options& options);

/// Writes dsn_file() of a process, for this user alone. Fails with `storage_failed`.
[[nodiscard]] Result<void> write_dsn(const Options& options, std::uint32_t process);

}  // namespace millrace::simulate
