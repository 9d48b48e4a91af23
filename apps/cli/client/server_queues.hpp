// Queues of running nodes: their counts summed over all nodes, and selections of messages.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/cli/client/front_client.hpp"
#include "apps/cli/output.hpp"

namespace millrace::cli {

/// All queues, sorted by name; counts are summed over all nodes, ages are the maximum. "status" is
/// "no answer" if a shard of the queue did not answer its node, otherwise what is paused, or "ok". Fails as
/// FrontClient::get().
[[nodiscard]] Result<std::vector<nlohmann::ordered_json>> queues_of(FrontClient& front);

/// Adds to a queue what a table shows of it: "oldest", and in "status" why nothing of it is handled.
void shorten(nlohmann::ordered_json& queue);

/// Columns of a table of queues, behind shorten().
[[nodiscard]] const std::vector<std::string>& queue_columns();

/// Selects messages or dead letters. A message matches if it matches each filter that is set.
struct Selection {
  std::optional<std::string> id{};
  std::optional<std::string> key{};
  std::optional<std::string> code{};
  std::optional<std::string> origin_queue{};
  std::optional<std::uint64_t> max{};  ///< at most this many messages

  [[nodiscard]] bool is_any() const { return !id && !key && !code && !origin_queue; }
  /// Query string of the HTTP request: "?key=…", or "" if nothing is set.
  [[nodiscard]] std::string query() const;
};

/// Returns the first `max` messages of all nodes, at most 1,000. `path`: such as
/// "/api/v1/queues/NAME/messages". Fails as FrontClient::get().
[[nodiscard]] Result<std::vector<nlohmann::ordered_json>> messages_of(FrontClient& front,
                                                                      const std::string& path,
                                                                      Selection selection,
                                                                      std::uint64_t max);

/// API path of a queue (`kind` "queues") or of a dead letter queue ("dlq").
[[nodiscard]] std::string queue_path(const char* kind, const std::string& queue);

}  // namespace millrace::cli
