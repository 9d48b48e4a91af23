#include "messages/error_code.hpp"

namespace millrace {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::too_large:
      return "too_large";
    case ErrorCode::expired:
      return "expired";
    case ErrorCode::rejected:
      return "rejected";
    case ErrorCode::key_reused:
      return "key_reused";
    case ErrorCode::fenced:
      return "fenced";
    case ErrorCode::unknown_producer:
      return "unknown_producer";
    case ErrorCode::out_of_order:
      return "out_of_order";
    case ErrorCode::lease_expired:
      return "lease_expired";
    case ErrorCode::not_owner:
      return "not_owner";
    case ErrorCode::outdated:
      return "outdated";
    case ErrorCode::backlog_full:
      return "backlog_full";
    case ErrorCode::storage_full:
      return "storage_full";
    case ErrorCode::draining:
      return "draining";
    case ErrorCode::timeout:
      return "timeout";
    case ErrorCode::handler_failed:
      return "handler_failed";
    case ErrorCode::receiver_lost:
      return "receiver_lost";
    case ErrorCode::overran:
      return "overran";
    case ErrorCode::poison:
      return "poison";
    case ErrorCode::log_unreachable:
      return "log_unreachable";
    case ErrorCode::storage_failed:
      return "storage_failed";
    case ErrorCode::storage_locked:
      return "storage_locked";
    case ErrorCode::corrupt:
      return "corrupt";
    case ErrorCode::unsupported_version:
      return "unsupported_version";
    case ErrorCode::foreign_file:
      return "foreign_file";
    case ErrorCode::unreachable:
      return "unreachable";
    case ErrorCode::protocol:
      return "protocol";
    case ErrorCode::unauthenticated:
      return "unauthenticated";
    case ErrorCode::foreign_cluster:
      return "foreign_cluster";
  }
  return "unknown";
}

std::optional<ErrorCode> error_code_called(std::string_view name) {
  const std::string_view unknown = to_string(ErrorCode{});
  for (unsigned number = 1; number < 256; ++number) {
    const auto code = static_cast<ErrorCode>(number);
    if (to_string(code) == name && name != unknown) return code;
  }
  return std::nullopt;
}

}  // namespace millrace
