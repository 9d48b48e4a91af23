// ErrorCode: every kind of operating error, with a fixed number.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace {

/// Kind of an operating error. Programs branch on the code, never on the text of an Error.
/// The numbers are part of the formats on disk, on the wire and in reports: NEVER renumber, only
/// add.
enum class ErrorCode : std::uint8_t {
  // The request is wrong; repeating it fails again.
  invalid_argument = 1,  ///< an argument is outside its documented range
  not_found = 2,         ///< nothing has the given name or id
  too_large = 3,         ///< a message or record exceeds its documented limit
  expired = 4,           ///< the message's own deadline has passed
  rejected = 5,          ///< a stage refused the message for good
  key_reused = 6,        ///< the idempotency key was used for a message with another payload

  // Sessions, leases, ownership: the caller is not, or no longer, entitled to the request.
  fenced = 10,            ///< a newer epoch of the same producer or owner exists; final
  unknown_producer = 11,  ///< the producer never attached here, or was forgotten
  out_of_order = 12,      ///< numbers before the offered one are missing; offer them first
  lease_expired = 13,     ///< the lease ended before its outcome arrived; nothing was applied
  not_owner = 14,         ///< another node serves the shard
  outdated = 15,          ///< the data directory is older than what another node remembers of it

  // Temporary: the same request may succeed later.
  backlog_full = 20,     ///< the queue is at its limit of messages or bytes
  storage_full = 21,     ///< the disk is short of room; accepted work continues
  draining = 22,         ///< the node stops or the shard moves: no new work is accepted
  timeout = 23,          ///< no answer in time; the outcome is unknown
  handler_failed = 24,   ///< a stage's handler threw or returned no valid outcome
  receiver_lost = 25,    ///< the receiver that held the lease ended
  overran = 26,          ///< the handler of the message ran beyond its lease
  poison = 27,           ///< the process ended while it handled the message, three times
  log_unreachable = 28,  ///< the server that keeps the log does not answer; accepted work waits

  // The data directory.
  storage_failed = 30,       ///< a file operation failed; a failed write of the log stops the node
  storage_locked = 31,       ///< another process has the data directory open
  corrupt = 32,              ///< confirmed data fails its check; no data was changed
  unsupported_version = 33,  ///< the data has a newer format than this program supports
  foreign_file = 34,         ///< the directory contains files that are not of Millrace

  // Between nodes.
  unreachable = 40,      ///< no link to the node is up; frames in flight may be lost
  protocol = 41,         ///< the peer violated the protocol of the link
  unauthenticated = 42,  ///< the peer did not prove its identity
  foreign_cluster = 43,  ///< the peer belongs to another cluster
};

/// The name of `code`, such as "backlog_full"; "unknown" if no enumerator has this number.
/// The result is valid for the life of the process.
[[nodiscard]] std::string_view to_string(ErrorCode code);

/// The code that to_string() turns into `name`; empty if there is none.
[[nodiscard]] std::optional<ErrorCode> error_code_called(std::string_view name);

}  // namespace millrace
