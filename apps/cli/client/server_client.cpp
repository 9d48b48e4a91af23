#include "apps/cli/client/server_client.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include <httplib.h>

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds connect_timeout{5};
/// For what is only looked at.
constexpr std::chrono::seconds look_timeout{30};
constexpr int redirects_max = 3;

Error error_of(const httplib::Response& response, const std::string& url) {
  const Json problem = Json::parse(response.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("code") || !problem["code"].is_string()) {
    return {ErrorCode::protocol,
            url + " answers with status " + std::to_string(response.status) + ", and no reason"};
  }
  const std::string code = problem["code"];
  const std::string detail = problem.value("detail", "");
  if (code == "unauthorized") return {ErrorCode::unauthenticated, detail};
  if (const auto known = error_code_called(code)) return {*known, detail};
  return {ErrorCode::protocol, code + ": " + detail};
}

}  // namespace

class ServerClient::Parts {
 public:
  Parts(std::string url, std::string token, std::chrono::seconds answer_timeout)
      : url_(std::move(url)),
        token_(std::move(token)),
        answer_timeout_(answer_timeout),
        client_(url_) {
    client_.set_connection_timeout(connect_timeout);
    client_.set_keep_alive(true);
    client_.set_url_encode(false);
    client_.set_tcp_nodelay(true);
  }

  httplib::Client& looking() {
    client_.set_read_timeout(std::min(look_timeout, answer_timeout_));
    return client_;
  }
  httplib::Client& changing() {
    client_.set_read_timeout(answer_timeout_);
    return client_;
  }

  [[nodiscard]] httplib::Headers headers() const {
    httplib::Headers headers;
    if (!token_.empty()) headers.emplace("Authorization", "Bearer " + token_);
    return headers;
  }

  Result<Json> answer(const httplib::Result& result) const {
    if (!result) {
      return Error{ErrorCode::unreachable,
                   url_ + " does not answer: " + httplib::to_string(result.error())};
    }
    if (result->status < 200 || result->status > 299) return error_of(*result, url_);
    Json json = Json::parse(result->body, nullptr, false);
    if (!json.is_object()) {
      return Error{ErrorCode::protocol, url_ + " answers with something that is no JSON object"};
    }
    return json;
  }

  const std::string url_;
  const std::string token_;
  const std::chrono::seconds answer_timeout_;

 private:
  httplib::Client client_;
};

ServerClient::ServerClient(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ServerClient::~ServerClient() = default;
ServerClient::ServerClient(ServerClient&&) noexcept = default;
ServerClient& ServerClient::operator=(ServerClient&&) noexcept = default;

Result<ServerClient> ServerClient::open(const ServerOptions& options) {
  auto url = url_of(options);
  if (!url) return url.error();
  auto token = token_of(options);
  if (!token) return token.error();
  return ServerClient(
      std::make_unique<Parts>(std::move(*url), std::move(*token), options.answer_timeout));
}

ServerClient ServerClient::to(const std::string& url) const {
  return ServerClient(std::make_unique<Parts>(url, parts_->token_, parts_->answer_timeout_));
}

const std::string& ServerClient::url() const {
  return parts_->url_;
}

Result<Json> ServerClient::get(const std::string& path) {
  auto result = parts_->looking().Get(path, parts_->headers());
  std::optional<ServerClient> other;
  for (int i = 0; i < redirects_max && result && result->status == 307; ++i) {
    const std::string location = result->get_header_value("Location");
    const std::size_t slash = location.find('/', location.find("://") + 3);
    if (!location.starts_with("http") || slash == std::string::npos) break;
    other.emplace(to(location.substr(0, slash)));
    result = other->parts_->looking().Get(location.substr(slash), other->parts_->headers());
  }
  return other ? other->parts_->answer(result) : parts_->answer(result);
}

Result<Json> ServerClient::post(const std::string& path, const std::string& json,
                                const std::string& idempotency_key) {
  httplib::Headers headers = parts_->headers();
  if (!idempotency_key.empty()) headers.emplace("Idempotency-Key", idempotency_key);
  return parts_->answer(parts_->changing().Post(path, headers, json, "application/json"));
}

Result<Json> ServerClient::remove(const std::string& path) {
  return parts_->answer(parts_->changing().Delete(path, parts_->headers()));
}

}  // namespace millrace::cli
