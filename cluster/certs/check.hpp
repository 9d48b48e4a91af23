// Whether a node's certificate, key and authority belong together, and to the node.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

namespace millrace::certs {

enum class Part : std::uint8_t { authority, certificate, key };

/// "expected …, got …" about one of the three.
struct Fault {
  Part part;
  std::string what;
};

/// The three files' contents, PEM.
struct Credentials {
  std::string authority;
  std::string certificate;
  std::string key;
};

/// All that is wrong; empty when `node` can use them at the time `now` for both ends of a
/// connection: the certificate names the node, is signed by the authority, valid now, and of the
/// key. Nothing of the key gets into the texts.
[[nodiscard]] std::vector<Fault> check(const Credentials& credentials, const std::string& node,
                                       std::time_t now);

}  // namespace millrace::certs
