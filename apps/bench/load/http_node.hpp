// HttpNode: one node's HTTP API, as the clients of a load use it.
#pragma once

#include <chrono>
#include <string>

#include <nlohmann/json.hpp>

#include "cluster/http/client/http_client.hpp"
#include "messages/result.hpp"

namespace millrace::bench {

/// For one thread. Blocks.
class HttpNode {
 public:
  static constexpr std::chrono::seconds answer_timeout{60};

  /// Fails as HttpClient::open().
  [[nodiscard]] static Result<HttpNode> open(const std::string& url, const std::string& token);

  [[nodiscard]] Result<http::ClientAnswer> get(const std::string& target);
  [[nodiscard]] Result<http::ClientAnswer> post(const std::string& target,
                                                const std::string& content_type, std::string body);

 private:
  HttpNode(http::HttpClient client, std::string token)
      : client_(std::move(client)), token_(std::move(token)) {}

  [[nodiscard]] Result<http::ClientAnswer> ask(http::ClientRequest request);

  http::HttpClient client_;
  std::string token_;
};

/// What the problem in an answer says, or an element of an answer with `code` and `detail`.
[[nodiscard]] Error error_in(const nlohmann::json& problem);
/// As error_in(), of an answer that is no success.
[[nodiscard]] Error error_of(const http::ClientAnswer& answer);

}  // namespace millrace::bench
