// Writes config files for the nodes of a local cluster.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "messages/result.hpp"

namespace millrace::serve {

/// Addresses as "host:port".
struct MemberText {
  std::string name;
  std::string address;
  std::string http{};  ///< empty: not published
  std::vector<std::string> roles{};
};

/// A stage that runs only on nodes with a role.
struct StageRole {
  std::string pipeline;
  std::string stage;
  std::string role;
};

/// A log in PostgreSQL.
struct PostgresText {
  std::filesystem::path dsn_file;
  std::string schema;
  bool follow = false;  ///< as log.postgres.follow
};

struct ConfigText {
  std::string cluster;
  std::uint32_t shards = 0;  ///< of each queue; spread over the members, unless stages have roles
  std::string node;
  std::filesystem::path data_dir;
  std::string listen;
  std::string http;
  std::vector<MemberText> members{};       ///< including this node
  std::vector<StageRole> stages{};         ///< of one pipeline
  std::filesystem::path certificates{};    ///< directory written by certs::write_certificates()
  std::string certificate{};               ///< name of its files; empty: `node`
  std::optional<PostgresText> postgres{};  ///< empty: the log is a journal
  std::string
      kafka{};  ///< where clients of Kafka are served, who make topics by using them; empty: nowhere
};

/// The config file as TOML.
[[nodiscard]] std::string to_toml(const ConfigText& config);

/// Writes `text` to `file`. Blocks. Fails with `storage_failed`.
[[nodiscard]] Result<void> write_text(const std::filesystem::path& file, const std::string& text);

}  // namespace millrace::serve
