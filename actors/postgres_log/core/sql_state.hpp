// Meaning of the SQLSTATE of a failed statement for a log. PostgreSQL: Appendix A, "Error Codes".
#pragma once

#include <cstdint>
#include <string_view>

#include "messages/error_code.hpp"

namespace millrace::postgres_log {

inline constexpr std::string_view division_by_zero = "22012";  ///< what a fenced group fails with
inline constexpr std::string_view unique_violation = "23505";
inline constexpr std::string_view insufficient_privilege = "42501";
inline constexpr std::string_view undefined_table = "42P01";
inline constexpr std::string_view lock_not_available = "55P03";

/// The code of an error with this SQLSTATE; an empty one is a broken connection. Whatever may pass by
/// itself, or when somebody corrects a setting, is `log_unreachable`: the log waits and tries again,
/// as nothing is lost by that.
[[nodiscard]] constexpr ErrorCode code_of(std::string_view state) {
  if (state == "53100" || state == "53400") return ErrorCode::storage_full;
  if (state.starts_with("28")) return ErrorCode::unauthenticated;
  // The server could not read or write a file, or has found its own data damaged.
  if (state == "58030" || state == "XX001" || state == "XX002") return ErrorCode::storage_failed;
  return ErrorCode::log_unreachable;
}

/// What a settling that has failed does next.
enum class SettleRetry : std::uint8_t {
  at_once,    ///< groups that were sent before came through after all, or a table is there by now
  elsewhere,  ///< after a pause, beginning with the next host
  here,       ///< as the error says
};

/// Of a settling that failed with `code`, after a statement with this SQLSTATE. `not_found`: the server lacks
/// what was confirmed, perhaps with the whole table, so that the same server is not asked again at once, for ever.
[[nodiscard]] constexpr SettleRetry retry_of(ErrorCode code, std::string_view state) {
  if (code == ErrorCode::not_found) return SettleRetry::elsewhere;
  if (state == unique_violation || state == undefined_table) return SettleRetry::at_once;
  return code == ErrorCode::log_unreachable ? SettleRetry::elsewhere : SettleRetry::here;
}

}  // namespace millrace::postgres_log
