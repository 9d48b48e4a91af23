#include "apps/cli/client/server_client.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "cluster/http/client/http_client.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

/// For what is only looked at.
constexpr std::chrono::seconds look_timeout{30};
constexpr int redirects_max = 3;

Error error_of(const http::ClientAnswer& answer, const std::string& url) {
  const Json problem = Json::parse(answer.body, nullptr, false);
  if (!problem.is_object() || !problem.contains("code") || !problem["code"].is_string()) {
    return {ErrorCode::protocol,
            url + " answers with status " + std::to_string(answer.status) + ", and no reason"};
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
  /// `is_named`: somebody has said which node is meant.
  Parts(std::string url, std::string token, std::chrono::seconds answer_timeout, bool is_named)
      : url_(std::move(url)),
        token_(std::move(token)),
        answer_timeout_(answer_timeout),
        is_named_(is_named) {}

  Result<http::ClientAnswer> ask(http::ClientRequest request) {
    if (!client_) {
      auto opened = http::HttpClient::open(url_);
      if (!opened) return opened.error();
      client_.emplace(std::move(*opened));
    }
    if (!token_.empty()) request.fields.push_back({"Authorization", "Bearer " + token_});
    const bool is_look = request.method == "GET";
    return client_->ask(request,
                        is_look ? std::min(look_timeout, answer_timeout_) : answer_timeout_);
  }

  [[nodiscard]] Result<Json> json_of(const Result<http::ClientAnswer>& answer) const {
    if (!answer && !is_named_ && answer.error().code == ErrorCode::unreachable) {
      return Error{ErrorCode::unreachable,
                   answer.error().message +
                       "; it is the default: --server or MILLRACE_URL names "
                       "another node"};
    }
    if (!answer) return answer.error();
    Json json = Json::parse(answer->body, nullptr, false);
    // A change without some nodes says what the others have done.
    const bool is_partial = answer->status == 503 && json.is_object() &&
                            (json.contains("missing_nodes") || json.contains("missing_shards"));
    if ((answer->status < 200 || answer->status > 299) && !is_partial)
      return error_of(*answer, url_);
    if (!json.is_object()) {
      return Error{ErrorCode::protocol, url_ + " answers with something that is no JSON object"};
    }
    return json;
  }

  const std::string url_;
  const std::string token_;
  const std::chrono::seconds answer_timeout_;
  const bool is_named_;

 private:
  std::optional<http::HttpClient> client_{};  ///< made with the first call
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
  return ServerClient(std::make_unique<Parts>(std::move(*url), std::move(*token),
                                              options.answer_timeout, is_named(options)));
}

ServerClient ServerClient::to(const std::string& url) const {
  return ServerClient(
      std::make_unique<Parts>(url, parts_->token_, parts_->answer_timeout_, parts_->is_named_));
}

const std::string& ServerClient::url() const {
  return parts_->url_;
}

Result<Json> ServerClient::get(const std::string& path) {
  auto answer = parts_->ask({.target = path});
  std::optional<ServerClient> other;
  for (int i = 0; i < redirects_max && answer && answer->status == 307; ++i) {
    const std::string location(answer->field("Location"));
    const std::size_t slash = location.find('/', location.find("://") + 3);
    if (!location.starts_with("http") || slash == std::string::npos) break;
    other.emplace(to(location.substr(0, slash)));
    answer = other->parts_->ask({.target = location.substr(slash)});
  }
  return other ? other->parts_->json_of(answer) : parts_->json_of(answer);
}

Result<Json> ServerClient::post(const std::string& path, const std::string& json,
                                const std::string& idempotency_key) {
  http::ClientRequest request{.method = "POST", .target = path, .fields = {}, .body = json};
  request.fields.push_back({"Content-Type", "application/json"});
  if (!idempotency_key.empty()) request.fields.push_back({"Idempotency-Key", idempotency_key});
  return parts_->json_of(parts_->ask(std::move(request)));
}

Result<Json> ServerClient::post_lines(const std::string& path, const std::string& lines) {
  http::ClientRequest request{.method = "POST", .target = path, .fields = {}, .body = lines};
  request.fields.push_back({"Content-Type", "application/x-ndjson"});
  return parts_->json_of(parts_->ask(std::move(request)));
}

Result<Json> ServerClient::remove(const std::string& path) {
  return parts_->json_of(parts_->ask({.method = "DELETE", .target = path}));
}

}  // namespace millrace::cli
