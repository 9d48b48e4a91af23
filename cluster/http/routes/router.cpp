#include "cluster/http/routes/router.hpp"

#include <utility>

#include "cluster/http/message/problem.hpp"

namespace millrace::http {
namespace {

bool fits(const std::vector<std::string>& pattern, const std::vector<std::string>& path) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "**") return true;
    if (i >= path.size() || (pattern[i] != "*" && pattern[i] != path[i])) return false;
  }
  return pattern.size() == path.size();
}

bool is_type(std::string_view content_type, std::string_view expected) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && type.back() == ' ') type.remove_suffix(1);
  return equals_in_any_case(type, expected);
}

bool is_json(std::string_view content_type) {
  return is_type(content_type, "application/json");
}

/// A JSON value in each line: https://github.com/ndjson/ndjson-spec
bool is_lines(std::string_view content_type) {
  return is_type(content_type, "application/x-ndjson");
}

/// Fields that another reader might take from another place than this one.
std::optional<HttpResponse> refuse_repeats(const HttpRequest& request) {
  for (const char* name : {"Authorization", "Content-Type", "Idempotency-Key", "Millrace-Epoch",
                           "Millrace-Producer", "Millrace-Sequence", "Origin"}) {
    if (request.count(name) < 2) continue;
    return problem({ErrorCode::invalid_argument, std::string(name) + ": expected it once"});
  }
  return std::nullopt;
}

}  // namespace

Router::Router(NodeApi& api, EventFeed& feed, Resources resources, RouterOptions options)
    : api_(api),
      feed_(feed),
      resources_(std::move(resources)),
      options_(std::move(options)),
      routes_{
          {"GET", {"healthz"}, Lane::health, &Router::now<&Router::health>},
          {"GET", {"readyz"}, Lane::loop, &Router::now<&Router::readiness>},
          {"GET", {}, Lane::loop, &Router::now<&Router::to_page>},
          {"GET", {"ui"}, Lane::loop, &Router::now<&Router::page>},
          {"GET", {"ui", "*"}, Lane::loop, &Router::now<&Router::page>},
          {"GET", {"metrics"}, Lane::waiting, &Router::now<&Router::metrics>},
          {"GET", {"api", "v1", "status"}, Lane::loop, &Router::now<&Router::status>},
          {"GET", {"api", "v1", "cluster", "members"}, Lane::brief, &Router::now<&Router::members>},
          {"GET", {"api", "v1", "cluster", "shards"}, Lane::bulky, &Router::now<&Router::shards>},
          {"POST",
           {"api", "v1", "cluster", "shards", "*", "move"},
           Lane::waiting,
           &Router::now<&Router::move_shard>},
          {"POST", {"api", "v1", "cluster", "drain"}, Lane::brief, &Router::now<&Router::drain>},
          {"POST",
           {"api", "v1", "cluster", "remove"},
           Lane::brief,
           &Router::now<&Router::remove_node>},
          {"POST", {"api", "v1", "backup"}, Lane::lasting, &Router::now<&Router::back_up>},
          {"GET",
           {"api", "v1", "queues"},
           Lane::waiting,
           &Router::all<&Router::queues>,
           nullptr,
           true},
          {"POST",
           {"api", "v1", "queues"},
           Lane::lasting,
           &Router::now<&Router::define_queue>,
           nullptr,
           true},
          {"GET",
           {"api", "v1", "queues", "*"},
           Lane::waiting,
           &Router::all<&Router::queue>,
           nullptr,
           true},
          {"GET",
           {"api", "v1", "queues", "*", "messages"},
           Lane::bulky,
           &Router::all<&Router::peek>,
           nullptr,
           true},
          {"GET",
           {"api", "v1", "queues", "*", "explain"},
           Lane::bulky,
           &Router::all<&Router::explain>,
           nullptr,
           true},
          {"POST",
           {"api", "v1", "queues", "*", "messages"},
           Lane::brief,
           &Router::offer,
           &Router::offer_all},
          {"DELETE",
           {"api", "v1", "queues", "*", "messages"},
           Lane::lasting,
           &Router::all<&Router::remove>,
           nullptr,
           true},
          {"POST", {"api", "v1", "stages", "*", "*", "leases"}, Lane::brief, &Router::lease},
          {"POST", {"api", "v1", "queues", "*", "leases"}, Lane::brief, &Router::lease},
          {"POST", {"api", "v1", "leases", "complete"}, Lane::brief, &Router::complete},
          {"POST", {"api", "v1", "leases", "extend"}, Lane::brief, &Router::extend},
          {"POST", {"api", "v1", "leases", "release"}, Lane::brief, &Router::release},
          {"GET",
           {"api", "v1", "dlq"},
           Lane::waiting,
           &Router::all<&Router::queues>,
           nullptr,
           true},
          {"GET",
           {"api", "v1", "dlq", "*", "messages"},
           Lane::bulky,
           &Router::all<&Router::peek>,
           nullptr,
           true},
          {"DELETE",
           {"api", "v1", "dlq", "*", "messages"},
           Lane::lasting,
           &Router::all<&Router::remove>,
           nullptr,
           true},
          {"POST",
           {"api", "v1", "dlq", "*", "redrive"},
           Lane::lasting,
           &Router::all<&Router::redrive>,
           nullptr,
           true},
          {"GET", {"api", "v1", "pipelines"}, Lane::brief, &Router::now<&Router::pipelines>},
          {"GET",
           {"api", "v1", "stages"},
           Lane::waiting,
           &Router::all<&Router::stages>,
           nullptr,
           true},
          {"GET",
           {"api", "v1", "pauses"},
           Lane::waiting,
           &Router::all<&Router::pauses>,
           nullptr,
           true},
          {"POST",
           {"api", "v1", "pause"},
           Lane::waiting,
           &Router::all<&Router::pause>,
           nullptr,
           true},
          {"POST",
           {"api", "v1", "resume"},
           Lane::waiting,
           &Router::all<&Router::resume>,
           nullptr,
           true},
          {"GET", {"api", "v1", "events"}, Lane::loop, &Router::now<&Router::events>},
          {"GET", {"api", "v1", "topics"}, Lane::bulky, &Router::now<&Router::topics>},
          {"GET", {"api", "v1", "topics", "*"}, Lane::bulky, &Router::now<&Router::topics>},
          {"GET", {"api", "v1", "groups"}, Lane::bulky, &Router::now<&Router::groups>},
          {"GET", {"api", "v1", "groups", "*"}, Lane::bulky, &Router::now<&Router::groups>},
          {"POST",
           {"api", "v1", "groups", "*", "offsets"},
           Lane::lasting,
           &Router::now<&Router::reset_offsets>},
          {"DELETE",
           {"api", "v1", "groups", "*"},
           Lane::lasting,
           &Router::now<&Router::remove_group>},
      },
      access_(options_.token, options_.listen_host) {
  for (const Resource& resource : resources_) {
    if (resource.answer) {
      for (const char* method : {"GET", "POST"}) {
        routes_.push_back({method,
                           {"api", "v1", resource.prefix, "**"},
                           Lane::waiting,
                           &Router::now<&Router::application>});
      }
      continue;
    }
    routes_.push_back({"GET",
                       {"api", "v1", resource.prefix, "*", "**"},
                       Lane::waiting,
                       &Router::now<&Router::resource>});
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

std::optional<HttpResponse> Router::refuse(HttpRequest& request, const Route*& route) {
  if (request.target.size() > target_bytes_max) {
    return problem(414, "uri_too_long",
                   "the target has more than " + std::to_string(target_bytes_max) + " bytes");
  }
  if (auto parsed = parse_target(request); !parsed) return problem(parsed.error());
  if (auto refusal = access_.refuse(request, std::chrono::steady_clock::now())) return refusal;
  std::string allowed;
  route = find(request, allowed);
  if (route == nullptr) {
    if (allowed.empty()) return problem(404, "not_found", "there is nothing here");
    HttpResponse response = problem(405, "method_not_allowed", "expected one of " + allowed);
    response.headers.emplace_back("Allow", allowed);
    return response;
  }
  if (auto refusal = refuse_repeats(request)) return refusal;
  // A page of a foreign site cannot make a browser send this type unasked.
  if (request.method == "POST") {
    const std::string_view type = request.field("Content-Type");
    if (!is_json(type) && (route->of_lines == nullptr || !is_lines(type))) {
      return problem(415, "unsupported_media_type", "expected Content-Type: application/json");
    }
  } else if (request.content_length > 0) {
    return problem({ErrorCode::invalid_argument, "body: expected none with " + request.method});
  }
  return std::nullopt;
}

Admission Router::admit(HttpRequest& request) {
  const Route* route = nullptr;
  Admission admission;
  admission.refusal = refuse(request, route);
  if (route == nullptr) return admission;
  admission.lane = route->lane;
  admission.body_bytes_max = small_body_bytes_max;
  if (route->handler == &Router::offer || route->handler == &Router::complete ||
      route->handler == &Router::now<&Router::application>) {
    admission.body_bytes_max = options_.body_bytes_max;
  } else if (route->handler == &Router::all<&Router::pause> ||
             route->handler == &Router::all<&Router::resume>) {
    admission.body_bytes_max = pause_body_bytes_max;
  } else if (route->handler == &Router::extend || route->handler == &Router::release) {
    admission.body_bytes_max = tokens_body_bytes_max;
  }
  return admission;
}

void Router::handle(HttpRequest request, const Responder& responder) {
  std::string allowed;
  const Route* const route = find(request, allowed);
  if (route == nullptr) return;
  const bool has_lines = route->of_lines != nullptr && is_lines(request.field("Content-Type"));
  (this->*(has_lines ? route->of_lines : route->handler))(request, responder);
}

}  // namespace millrace::http
