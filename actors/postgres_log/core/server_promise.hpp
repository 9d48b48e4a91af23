// What a server must promise before it may keep a log: decided from its settings.
#pragma once

#include <string>

#include "messages/result.hpp"

namespace millrace::postgres_log {

/// Settings of a server as a session shows them after it has set its own.
struct ServerFacts {
  int version = 0;  ///< server_version_num, such as 150018
  std::string fsync{};
  std::string full_page_writes{};
  std::string synchronous_commit{};         ///< after the session has set it
  std::string synchronous_standby_names{};  ///< empty: commits are on one server only
  bool is_in_recovery = false;
  bool is_read_only = false;  ///< default_transaction_read_only
};

inline constexpr int server_version_min = 130000;

/// Whether commits wait for no standby.
[[nodiscard]] bool is_unreplicated(const ServerFacts& facts);

/// Fails, with one line that says what to set, if the server does not promise enough:
///   unsupported_version   it is older than server_version_min
///   log_unreachable       it takes no writes: a standby, or a primary that was made read-only. Another
///                         host of the DSN may be the primary
///   invalid_argument      a setting
[[nodiscard]] Result<void> check_promise(const ServerFacts& facts, bool allow_unreplicated);

}  // namespace millrace::postgres_log
