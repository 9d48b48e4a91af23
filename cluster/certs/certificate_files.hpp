// Writes the certificates of a cluster to a directory.
#pragma once

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::certs {

/// An additional host name or IP address in the certificates.
struct Host {
  std::string node;  ///< empty: for every node
  std::string host;
};

struct ClusterCertificates {
  std::filesystem::path folder;  ///< created with mode 0700 if missing
  std::string cluster;
  std::vector<std::string> nodes;  ///< 1 to 1000 unique names
  std::vector<Host> hosts{};
  std::uint32_t days = 0;
};

/// Creates an authority and a certificate per node: ca.crt, ca.key, NODE.crt, NODE.key; keys have
/// mode 0600. Overwrites nothing: creates no file if one exists. Returns the paths. Blocks. Fails
/// with `invalid_argument` (names, hosts, days, or an existing file) or `storage_failed`, after
/// removing the files created so far.
[[nodiscard]] Result<std::vector<std::filesystem::path>> write_certificates(
    const ClusterCertificates& wanted, std::time_t now);

/// Replaces the certificates and keys of the nodes by new ones, signed by the first authority in the
/// directory's ca.crt, which is that of ca.key; none ends after its authority. Replaces each file atomically. Returns the paths. Fails as write_certificates() does,
/// and with `not_found` without ca.crt or ca.key. Blocks.
[[nodiscard]] Result<std::vector<std::filesystem::path>> renew_certificates(
    const ClusterCertificates& wanted, std::time_t now);

/// Makes a new authority: ca.key is replaced by its key, and ca.crt has its certificate before those
/// of before that have not expired, so that nodes with the new ca.crt trust certificates of both.
/// Returns the paths. Fails as renew_certificates(). Blocks.
[[nodiscard]] Result<std::vector<std::filesystem::path>> renew_authority(
    const ClusterCertificates& wanted, std::time_t now);

/// Leaves only the first authority in ca.crt. Fails with `invalid_argument` if the certificate of one
/// of `wanted.nodes` is signed by another one, and as renew_certificates(). Blocks.
[[nodiscard]] Result<std::vector<std::filesystem::path>> drop_old_authorities(
    const ClusterCertificates& wanted, std::time_t now);

/// When the certificate of `node` in the directory, or its authority, ends; nullopt: they cannot be
/// read.
[[nodiscard]] std::optional<std::time_t> end_of_node(const std::filesystem::path& folder,
                                                     const std::string& node);

}  // namespace millrace::certs
