// The logs of the nodes in PostgreSQL, with LogKind::postgres: a schema of the run, a log a node.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
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

/// How await_server() waits.
struct ServerWait {
  std::chrono::milliseconds patience{60'000};
  std::function<void(const std::string& reason)>
      tell{};  ///< why it waits, at once and when that changes
  std::function<bool()> is_cancelled{};
};

/// Waits until the server of Options::dsn can be reached and promises what a log needs. Fails with `log_unreachable`
/// when the patience is over or the wait was cancelled, and at once as a node that would end, with
/// `invalid_argument`, `unauthenticated`, `unsupported_version`. Blocks.
[[nodiscard]] Result<void> await_server(const Options& run, const ServerWait& wait);

}  // namespace millrace::simulate
