// Makes the certificates of a cluster: one authority, and with it a certificate for each node.
//
// Keys are on the curve P-256; a node's certificate names the node, and serves for both ends of a
// connection. There is no revocation: a cluster whose key got out is given a new authority.
#pragma once

#include <cstdint>
#include <ctime>
#include <span>
#include <string>

#include "messages/result.hpp"

namespace millrace::certs {

/// A certificate with its private key, both PEM.
struct Identity {
  std::string certificate;
  std::string key;
};

/// How long a certificate is valid: from an hour before `now`, as clocks differ.
struct Validity {
  std::time_t now = 0;
  std::uint32_t days = 0;  ///< 1 to 36,500
};

/// Node and cluster names end up in a field of this length (RFC 5280, ub-common-name).
inline constexpr std::size_t name_length_max = 64;

/// A new authority for the cluster of this name. Fails with `invalid_argument`.
[[nodiscard]] Result<Identity> make_authority(const std::string& cluster, Validity validity);

/// A certificate for `node`, signed by `authority`, which also names `hosts`: host names and IP
/// addresses. Fails with `invalid_argument` where the authority, a name or a host is none.
[[nodiscard]] Result<Identity> issue(const Identity& authority, const std::string& node,
                                     std::span<const std::string> hosts, Validity validity);

}  // namespace millrace::certs
