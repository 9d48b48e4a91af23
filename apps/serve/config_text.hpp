// A config file, written for a node of a cluster that is made on this machine.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::serve {

/// Addresses as "host:port".
struct MemberText {
  std::string name;
  std::string address;
  std::string http{};  ///< empty: not told
  std::vector<std::string> roles{};
};

/// A stage that is only for nodes of a role.
struct StageRole {
  std::string pipeline;
  std::string stage;
  std::string role;
};

struct ConfigText {
  std::string cluster;
  std::uint32_t shards = 0;  ///< they go round the members, unless stages have roles
  std::string node;
  std::filesystem::path data_dir;
  std::string listen;
  std::string http;
  std::vector<MemberText> members{};     ///< this node among them
  std::vector<StageRole> stages{};       ///< of one pipeline
  std::filesystem::path certificates{};  ///< folder, as certs::write_certificates makes it
};

/// TOML.
[[nodiscard]] std::string to_toml(const ConfigText& config);

/// Fails with `storage_failed`.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace millrace::serve
