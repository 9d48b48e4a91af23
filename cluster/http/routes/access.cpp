#include "cluster/http/routes/access.hpp"

#include <algorithm>

#include <spdlog/spdlog.h>

#include "cluster/config/address.hpp"
#include "cluster/http/message/problem.hpp"

namespace millrace::http {
namespace {

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

bool is_health(const HttpRequest& request) {
  return request.path.size() == 1 && (request.path[0] == "healthz" || request.path[0] == "readyz");
}

/// The files of the page have no data of the cluster; a browser cannot send a token for them.
bool is_page(const HttpRequest& request) {
  return request.path.empty() || request.path[0] == "ui";
}

/// Whether the page that sent the request came from where the request went to.
bool is_same_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) return equals_in_any_case(origin.substr(scheme.size()), host);
  }
  return false;
}

}  // namespace

std::string_view host_of(std::string_view field) {
  if (field.starts_with('[')) return field.substr(1, std::min(field.find(']'), field.size()) - 1);
  return field.substr(0, field.find(':'));
}

bool AccessControl::has_token(const HttpRequest& request) const {
  return request.count("Authorization") == 1 &&
         is_same(request.field("Authorization"), "Bearer " + token_);
}

HttpResponse AccessControl::refuse_token(const HttpRequest& request, SteadyTime now) {
  const RefusalCounter::Verdict verdict = refusals_.count(request.peer, now);
  if (verdict.to_log) {
    spdlog::warn("HTTP: {} calls without the node's token were refused, the latest from {}",
                 *verdict.to_log, request.peer);
  }
  if (verdict.is_too_often) {
    HttpResponse response =
        problem(429, "too_many_refusals",
                "more than " + std::to_string(RefusalCounter::refusals_per_s_max) +
                    " calls a second without the node's token");
    response.headers.emplace_back("Retry-After", "1");
    return response;
  }
  HttpResponse response =
      problem(401, "unauthorized", "expected the node's token: Authorization: Bearer TOKEN");
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

std::optional<HttpResponse> AccessControl::refuse(const HttpRequest& request, SteadyTime now) {
  if (is_health(request)) return std::nullopt;
  if (is_page(request) && !is_changing(request)) return std::nullopt;
  if (!token_.empty()) {
    if (has_token(request)) return std::nullopt;
    if (is_changing(request) || !request.is_from_loopback) return refuse_token(request, now);
  }
  // From here on nothing but the client's address speaks for it, and a browser on this machine has
  // that address as well, whatever page it shows.
  const std::string_view host = request.field("Host");
  const std::string name(host_of(host));
  if (token_.empty() && request.count("Host") > 0 && !config::is_loopback(name) &&
      !equals_in_any_case(name, "localhost") && !equals_in_any_case(name, listen_host_)) {
    return problem(403, "foreign_host",
                   "Host: expected localhost, a loopback address or listen.http");
  }
  if (request.count("Origin") > 0 &&
      (request.count("Origin") > 1 || !is_same_origin(request.field("Origin"), host))) {
    return problem(403, "foreign_origin",
                   "Origin: pages of other sites may not call a node without its token");
  }
  return std::nullopt;
}

}  // namespace millrace::http
