// Router: which answer a request gets. No sockets; any number of threads at once.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/http/metrics/metrics_page.hpp"
#include "cluster/http/node_api.hpp"
#include "cluster/http/resources.hpp"
#include "cluster/http/server/http_message.hpp"

namespace millrace::http {

struct RouterOptions {
  /// What changing calls must carry, and all calls from beyond loopback but those for health;
  /// empty: none is asked for.
  std::string token{};
  std::uint64_t body_bytes_max = 8u << 20;
};

class Router {
 public:
  static constexpr std::size_t target_bytes_max = 2048;

  /// `api` outlives this.
  Router(NodeApi& api, Resources resources, RouterOptions options);

  /// The refusal of a request that is wrong in what comes before its body; fills in its path.
  [[nodiscard]] std::optional<HttpResponse> refuse(HttpRequest& request) const;

  /// The answer to a request that was not refused.
  [[nodiscard]] HttpResponse answer(const HttpRequest& request);

 private:
  using Handler = HttpResponse (Router::*)(const HttpRequest&);

  /// "*" in a path stands for any segment, "**" at its end for any rest.
  struct Route {
    std::string method;
    std::vector<std::string> path;
    Handler handler;
  };

  [[nodiscard]] const Route* find(const HttpRequest& request, std::string& allowed) const;
  [[nodiscard]] bool is_authorized(const HttpRequest& request) const;
  [[nodiscard]] std::optional<HttpResponse> refuse_body(const HttpRequest& request) const;

  HttpResponse health(const HttpRequest& request);
  HttpResponse readiness(const HttpRequest& request);
  HttpResponse metrics(const HttpRequest& request);
  HttpResponse status(const HttpRequest& request);
  HttpResponse members(const HttpRequest& request);
  HttpResponse shards(const HttpRequest& request);
  HttpResponse move_shard(const HttpRequest& request);
  HttpResponse drain(const HttpRequest& request);
  HttpResponse queues(const HttpRequest& request);
  HttpResponse queue(const HttpRequest& request);
  HttpResponse peek(const HttpRequest& request);
  HttpResponse offer(const HttpRequest& request);
  HttpResponse remove(const HttpRequest& request);
  HttpResponse redrive(const HttpRequest& request);
  HttpResponse pipelines(const HttpRequest& request);
  HttpResponse events(const HttpRequest& request);
  HttpResponse resource(const HttpRequest& request);
  HttpResponse elsewhere(const HttpRequest& request, const std::string& queue,
                         const std::string& key);

  NodeApi& api_;
  Resources resources_;
  RouterOptions options_;
  std::vector<Route> routes_;
  MetricsPage metrics_;
};

}  // namespace millrace::http
