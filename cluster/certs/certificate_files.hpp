// Writes a cluster's certificates into a folder.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::certs {

/// A host name or IP address that certificates name beside the node.
struct Host {
  std::string node;  ///< empty: of every node
  std::string host;
};

struct ClusterCertificates {
  std::filesystem::path folder;  ///< made, with mode 0700, where it does not exist
  std::string cluster;
  std::vector<std::string> nodes;  ///< 1 to 1000 names, each once
  std::vector<Host> hosts{};
  std::uint32_t days = 0;
};

/// Makes an authority and a certificate for each node: ca.crt, ca.key, and NODE.crt, NODE.key. Keys
/// get mode 0600. Returns the files. Nothing is overwritten: where one of them is there already,
/// none is made. Fails with `invalid_argument` (names, hosts, days, or a file that is there) and
/// `storage_failed`; files made until then are removed.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_certificates(
    const ClusterCertificates& wanted, std::time_t now);

/// New certificates and keys for the nodes, by the authority that is in the folder, in the place of
/// those that are there; each file is either the old or the new one at any time. Returns the files
/// and fails as above, also with `not_found` where ca.crt or ca.key is not there.
[[nodiscard]] Result<std::vector<std::filesystem::path>> renew_certificates(
    const ClusterCertificates& wanted, std::time_t now);

}  // namespace millrace::certs
