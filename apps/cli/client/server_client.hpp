// ServerClient: one node's HTTP API.
#pragma once

#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "apps/cli/client/server_options.hpp"
#include "messages/result.hpp"

namespace millrace::cli {

class ServerClient {
 public:
  /// Connects with the first call. Fails as url_of() and token_of().
  [[nodiscard]] static Result<ServerClient> open(const ServerOptions& options);
  /// To another node of the same cluster.
  [[nodiscard]] ServerClient to(const std::string& url) const;

  ~ServerClient();
  ServerClient(ServerClient&&) noexcept;
  ServerClient& operator=(ServerClient&&) noexcept;

  // `path` begins with a slash. They fail with `unreachable`, with what the node says, or with
  // `protocol` where it does not speak this API.

  // A change that a node answers for the cluster, and that not all nodes have done, is no error: see `missing_nodes` in
  // docs/http.md.

  /// Follows the node where it sends to another.
  [[nodiscard]] Result<nlohmann::ordered_json> get(const std::string& path);
  [[nodiscard]] Result<nlohmann::ordered_json> post(const std::string& path,
                                                    const std::string& json,
                                                    const std::string& idempotency_key = "");
  /// Lines of JSON, as application/x-ndjson.
  [[nodiscard]] Result<nlohmann::ordered_json> post_lines(const std::string& path,
                                                          const std::string& lines);
  [[nodiscard]] Result<nlohmann::ordered_json> remove(const std::string& path);

  [[nodiscard]] const std::string& url() const;

 private:
  class Parts;
  explicit ServerClient(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::cli
