// Checks that certificate, key and authority match each other and the node.
#pragma once

#include <cstdint>
#include <ctime>
#include <optional>
#include <string>
#include <vector>

namespace millrace::certs {

enum class Part : std::uint8_t { authority, certificate, key };

/// A fault in one of the three files.
struct Fault {
  Part part;
  std::string what;
};

/// Contents of the three files, PEM. `authority` may contain several authorities: while one replaces
/// another, both sign valid certificates.
struct Credentials {
  std::string authority;
  std::string certificate;
  std::string key;
};

/// Returns all faults; empty if `node` can use the credentials at time `now` as client and server: the
/// certificate names the node (any name, if `node` is empty), is signed by the authority, is valid at `now`
/// and matches the key. The texts contain no part of the key.
[[nodiscard]] std::vector<Fault> check(const Credentials& credentials, const std::string& node,
                                       std::time_t now);

/// The names in a certificate (PEM): of nodes that its process may become, and of hosts. Empty: it cannot
/// be read.
[[nodiscard]] std::vector<std::string> node_names(const std::string& certificate);

/// When the certificate, or the authority that signed it, ends: the earlier of the two. nullopt: one
/// of them cannot be read.
[[nodiscard]] std::optional<std::time_t> end_of(const std::string& authority,
                                                const std::string& certificate);

}  // namespace millrace::certs
