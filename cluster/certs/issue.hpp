// Creates the certificates of a cluster: an authority, and a certificate per node signed by it.
//
// Keys are on the curve P-256. The certificate of a node names the node and is valid for client and
// server. There is no revocation: after a leak of a key, create a new authority.
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

/// Validity of a certificate: from one hour before `now`, because clocks differ, for `days` days.
struct Validity {
  std::time_t now = 0;
  std::uint32_t days = 0;  ///< 1 to 36,500
};

/// Maximum length of node and cluster names (RFC 5280, ub-common-name).
inline constexpr std::size_t name_length_max = 64;

/// Creates an authority for a cluster. Fails with `invalid_argument`.
[[nodiscard]] Result<Identity> make_authority(const std::string& cluster, Validity validity);

/// Creates a certificate for `node`, signed by `authority`, with `hosts` (host names and IP
/// addresses) as further names. It ends with the authority if that ends earlier. Fails with
/// `invalid_argument` for an invalid or expired authority, name or host.
[[nodiscard]] Result<Identity> issue(const Identity& authority, const std::string& node,
                                     std::span<const std::string> hosts, Validity validity);

}  // namespace millrace::certs
