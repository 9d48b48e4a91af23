// Checks the hello of a peer before the link comes up. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cluster/transport/transport.hpp"
#include "messages/link.pb.h"

namespace millrace::transport {

/// The state of this node against which a hello is checked. All references must outlive the call.
struct HelloContext {
  const NodeIdentity& own;
  /// Name of the peer that this node dialed; empty if the peer dialed.
  std::string_view dialed;
  /// Whether the peer's certificate carries a name.
  const std::function<bool(std::string_view)>& is_certified;
  /// Returns the highest incarnation received from a peer; nullptr if the peer is not configured.
  const std::function<const std::uint64_t*(std::string_view)>& known_incarnation;
};

[[nodiscard]] pb::Hello make_hello(const NodeIdentity& own);

/// Returns whether the peer may have a link. Fails with `foreign_cluster`, `unauthenticated` (the
/// name is not certified, or not the dialed one), `not_found` (not configured), `protocol` (this
/// node should have dialed the peer), `unsupported_version` or `fenced` (an older incarnation).
[[nodiscard]] Result<void> check_hello(const pb::Hello& hello, const HelloContext& context);

/// The name in the hello of a process that waits for a seat: it is no node, and its link carries nothing. It
/// tells the process when this one has died.
inline constexpr std::string_view standby_name = "*";

/// As check_hello(), of a standby: its certificate must carry the name of this node, whose place it may take.
/// Fails with `foreign_cluster`, `unauthenticated` or `unsupported_version`.
[[nodiscard]] Result<void> check_standby(const pb::Hello& hello, const HelloContext& context);

/// Whether `name` has 1 to 63 characters of a-z, A-Z, 0-9, '-', '_' and '.', the first of them a
/// letter or digit.
[[nodiscard]] bool is_node_name(std::string_view name);

/// Whether node `first` dials node `second`; otherwise `second` dials.
[[nodiscard]] inline bool dials(std::string_view first, std::string_view second) {
  return first < second;
}

}  // namespace millrace::transport
