#include "cluster/http/routes/router.hpp"

#include <algorithm>
#include <utility>

#include "cluster/http/server/problem.hpp"

namespace millrace::http {
namespace {

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "**") return true;
    if (i >= path.size() || (pattern[i] != "*" && pattern[i] != path[i])) return false;
  }
  return pattern.size() == path.size();
}

/// Takes as long for a wrong token as for the right one.
bool is_same(std::string_view given, std::string_view wanted) {
  unsigned difference = given.size() == wanted.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size() && !wanted.empty(); ++i) {
    difference |= static_cast<unsigned char>(given[i] ^ wanted[i % wanted.size()]);
  }
  return difference == 0;
}

bool is_changing(const HttpRequest& request) {
  return request.method != "GET" && request.method != "HEAD";
}

bool is_json(std::string_view content_type) {
  std::string type(content_type.substr(0, content_type.find(';')));
  while (!type.empty() && type.back() == ' ') type.pop_back();
  std::transform(type.begin(), type.end(), type.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return type == "application/json";
}

}  // namespace

Router::Router(NodeApi& api, Resources resources, RouterOptions options)
    : api_(api),
      resources_(std::move(resources)),
      options_(std::move(options)),
      routes_{
          {"GET", {"healthz"}, &Router::health},
          {"GET", {"readyz"}, &Router::readiness},
          {"GET", {"metrics"}, &Router::metrics},
          {"GET", {"api", "v1", "status"}, &Router::status},
          {"GET", {"api", "v1", "cluster", "members"}, &Router::members},
          {"GET", {"api", "v1", "cluster", "shards"}, &Router::shards},
          {"POST", {"api", "v1", "cluster", "shards", "*", "move"}, &Router::move_shard},
          {"POST", {"api", "v1", "cluster", "drain"}, &Router::drain},
          {"GET", {"api", "v1", "queues"}, &Router::queues},
          {"GET", {"api", "v1", "queues", "*"}, &Router::queue},
          {"GET", {"api", "v1", "queues", "*", "messages"}, &Router::peek},
          {"POST", {"api", "v1", "queues", "*", "messages"}, &Router::offer},
          {"DELETE", {"api", "v1", "queues", "*", "messages"}, &Router::remove},
          {"GET", {"api", "v1", "dlq"}, &Router::queues},
          {"GET", {"api", "v1", "dlq", "*", "messages"}, &Router::peek},
          {"DELETE", {"api", "v1", "dlq", "*", "messages"}, &Router::remove},
          {"POST", {"api", "v1", "dlq", "*", "redrive"}, &Router::redrive},
          {"GET", {"api", "v1", "pipelines"}, &Router::pipelines},
          {"GET", {"api", "v1", "events"}, &Router::events},
      } {
  for (const Resource& resource : resources_) {
    routes_.push_back({"GET", {"api", "v1", resource.prefix, "*", "**"}, &Router::resource});
  }
}

const Router::Route* Router::find(const HttpRequest& request, std::string& allowed) const {
  const std::string method = request.method == "HEAD" ? "GET" : request.method;
  for (const Route& route : routes_) {
    if (!fits(route.path, request.path)) continue;
    if (route.method == method) return &route;
    allowed += (allowed.empty() ? "" : ", ") + route.method;
  }
  return nullptr;
}

bool Router::is_authorized(const HttpRequest& request) const {
  const bool is_health =
      request.path.size() == 1 && (request.path[0] == "healthz" || request.path[0] == "readyz");
  if (options_.token.empty() || is_health) return true;
  if (!is_changing(request) && request.is_from_loopback) return true;
  return is_same(request.authorization, "Bearer " + options_.token);
}

std::optional<HttpResponse> Router::refuse(HttpRequest& request) const {
  if (request.target.size() > target_bytes_max) {
    return problem(414, "uri_too_long",
                   "the target has more than " + std::to_string(target_bytes_max) + " bytes");
  }
  if (auto parsed = parse_target(request); !parsed) return problem(parsed.error());
  if (!is_authorized(request)) {
    HttpResponse response =
        problem(401, "unauthorized", "expected the node's token: Authorization: Bearer TOKEN");
    response.headers.emplace_back("WWW-Authenticate", "Bearer");
    return response;
  }
  std::string allowed;
  if (find(request, allowed) == nullptr) {
    if (allowed.empty()) return problem(404, "not_found", "there is nothing here");
    HttpResponse response = problem(405, "method_not_allowed", "expected one of " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  return refuse_body(request);
}

std::optional<HttpResponse> Router::refuse_body(const HttpRequest& request) const {
  if (request.content_length > options_.body_bytes_max) {
    return problem(
        {ErrorCode::too_large, "body: expected at most " + std::to_string(options_.body_bytes_max) +
                                   " bytes, got " + std::to_string(request.content_length)});
  }
  // A page of a foreign site cannot make a browser send this type unasked.
  if (request.method == "POST") {
    if (!is_json(request.content_type)) {
      return problem(415, "unsupported_media_type", "expected Content-Type: application/json");
    }
  } else if (request.content_length > 0) {
    return problem({ErrorCode::invalid_argument, "body: expected none with " + request.method});
  }
  return std::nullopt;
}

HttpResponse Router::answer(const HttpRequest& request) {
  std::string allowed;
  const Route* route = find(request, allowed);
  if (route == nullptr) return problem(404, "not_found", "there is nothing here");
  return (this->*route->handler)(request);
}

}  // namespace millrace::http
