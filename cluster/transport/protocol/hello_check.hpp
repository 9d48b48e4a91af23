// Whether a node that says hello may have a link. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "cluster/transport/transport.hpp"
#include "messages/link.pb.h"

namespace millrace::transport {

/// What this side knows when a hello comes.
struct HelloContext {
  const NodeIdentity& own;
  /// The peer that this side dialed; empty where the other side did.
  std::string_view dialed;
  /// Whether the certificate of the connection carries a name.
  const std::function<bool(std::string_view)>& is_certified;
  /// The highest incarnation seen of a configured peer, or nullptr for a name not configured.
  const std::function<const std::uint64_t*(std::string_view)>& known_incarnation;
};

[[nodiscard]] pb::Hello make_hello(const NodeIdentity& own);

/// Fails with `foreign_cluster`, `unauthenticated`, `not_found` (no such peer), `protocol` (this
/// pair is dialed the other way round), `unsupported_version`, `fenced` (an older incarnation).
[[nodiscard]] Result<void> check_hello(const pb::Hello& hello, const HelloContext& context);

/// 1 to 63 characters of a-z, A-Z, 0-9, '-', '_' and '.', the first a letter or digit.
[[nodiscard]] bool is_node_name(std::string_view name);

/// Of two nodes, whether the first is the one that dials.
[[nodiscard]] inline bool dials(std::string_view first, std::string_view second) {
  return first < second;
}

}  // namespace millrace::transport
