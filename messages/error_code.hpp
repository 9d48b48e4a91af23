// Every way in which an operation of Millrace can fail, by number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

/// The kinds of operating errors. Branch on the code, never on the text of an Error.
/// The numbers are part of the wire and report formats: NEVER renumber, only add.
enum class ErrorCode : std::uint8_t {
  // What the caller asked for is wrong, and stays wrong when asked again.
  invalid_argument = 1,  ///< an argument is outside its documented range
  not_found = 2,         ///< nothing has the given name or id
  too_large = 3,         ///< a message or record exceeds its documented limit
  expired = 4,           ///< the message's own deadline has passed
  rejected = 5,          ///< a stage refused the message for good

  // Sessions: who may do it.
  fenced = 10,            ///< a newer epoch of the same producer or owner exists; final
  unknown_producer = 11,  ///< the producer was never attached here, or has been forgotten
  out_of_order = 12,   ///< a gap before the offered sequence number; offer the earlier ones first
  lease_expired = 13,  ///< the lease ended before its outcome came; nothing was applied
  not_owner = 14,      ///< the shard is served elsewhere

  // Not now: ask again later.
  backlog_full = 20,    ///< the queue is at its limit of messages or bytes
  storage_full = 21,    ///< no room on the disk; accepted work goes on from the reserve
  draining = 22,        ///< the node is stopping, or the shard moving, and takes no new work
  timeout = 23,         ///< no answer in time; the outcome is unknown
  handler_failed = 24,  ///< the handler of a stage threw, or gave no usable outcome
  receiver_lost = 25,   ///< the receiver that held the lease ended

  // The data directory.
  storage_failed = 30,       ///< a file operation failed; the node stops at once
  storage_locked = 31,       ///< another process has the data directory open
  corrupt = 32,              ///< confirmed data fails its check; nothing was changed
  unsupported_version = 33,  ///< written by a newer format than this program knows
  foreign_file = 34,         ///< the directory holds files that are not Millrace's

  // Between nodes.
  unreachable = 40,      ///< there is no link to the node now; what was in flight may be lost
  protocol = 41,         ///< the other side broke the rules of the link
  unauthenticated = 42,  ///< the other side did not prove that it is the node it says it is
  foreign_cluster = 43,  ///< the other side belongs to another cluster
};

/// The name of `code` as users see it, such as "backlog_full".
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// The code of that name; nullopt: there is none.
[[nodiscard]] std::optional<ErrorCode> error_code_called(std::string_view name);

}  // namespace millrace
