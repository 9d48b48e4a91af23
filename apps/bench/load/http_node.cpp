#include "apps/bench/load/http_node.hpp"

#include <utility>

namespace millrace::bench {

Result<HttpNode> HttpNode::open(const std::string& url, const std::string& token) {
  auto client = http::HttpClient::open(url);
  if (!client) return client.error();
  return HttpNode(std::move(*client), token);
}

Result<http::ClientAnswer> HttpNode::ask(http::ClientRequest request) {
  if (!token_.empty()) request.fields.push_back({"Authorization", "Bearer " + token_});
  return client_.ask(request, answer_timeout);
}

Result<http::ClientAnswer> HttpNode::get(const std::string& target) {
  return ask({.target = target});
}

Result<http::ClientAnswer> HttpNode::post(const std::string& target,
                                          const std::string& content_type, std::string body) {
  return ask({.method = "POST",
              .target = target,
              .fields = {{"Content-Type", content_type}},
              .body = std::move(body)});
}

Error error_in(const nlohmann::json& problem) {
  if (!problem.is_object() || !problem.contains("code") || !problem["code"].is_string()) {
    return {ErrorCode::protocol, "the node answers without a reason"};
  }
  const std::string code = problem["code"];
  const std::string detail = problem.value("detail", "");
  if (code == "unauthorized") return {ErrorCode::unauthenticated, detail};
  if (const auto known = error_code_called(code)) return {*known, detail};
  return {ErrorCode::protocol, code + ": " + detail};
}

Error error_of(const http::ClientAnswer& answer) {
  Error error = error_in(nlohmann::json::parse(answer.body, nullptr, false));
  if (error.message.empty()) error.message = "status " + std::to_string(answer.status);
  return error;
}

}  // namespace millrace::bench
