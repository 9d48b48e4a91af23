// What the queues of running nodes hold, added up, and what is done to them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/client/cluster_client.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {

/// All queues over all members, by name.
[[nodiscard]] Result<std::vector<nlohmann::ordered_json>> queues_of(ClusterClient& cluster);

/// Columns of a table of queues.
[[nodiscard]] const std::vector<std::string>& queue_columns();

/// Which letters or messages a command is about.
struct Selection {
  std::optional<std::string> id{};
  std::optional<std::string> key{};
  std::optional<std::string> code{};
  std::optional<std::string> origin_queue{};
  std::optional<std::uint64_t> max{};

  [[nodiscard]] bool is_any() const { return !id && !key && !code && !origin_queue; }
  /// "?key=…", or "".
  [[nodiscard]] std::string query() const;
};

/// The first messages over all members. `path` such as "/api/v1/queues/NAME/messages".
[[nodiscard]] Result<std::vector<nlohmann::ordered_json>> messages_of(ClusterClient& cluster,
                                                                      const std::string& path,
                                                                      Selection selection,
                                                                      std::uint64_t max);

/// Path of a queue or, with `kind` "dlq", of a dead letter queue.
[[nodiscard]] std::string queue_path(const char* kind, const std::string& queue);

}  // namespace millrace::cli
