// Router: the routes of a node's HTTP API, and what each answers. No sockets. The routes are in
// docs/http.md; their bodies in routes.cpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/http/handler/http_handler.hpp"
#include "cluster/http/metrics/metrics_page.hpp"
#include "cluster/http/node_api.hpp"
#include "cluster/http/resources.hpp"
#include "cluster/http/routes/access.hpp"
#include "cluster/http/routes/cluster_answer.hpp"
#include "cluster/http/routes/event_feed.hpp"

namespace millrace::http {

struct RouterOptions {
  std::string token{};                      ///< see AccessControl
  std::string listen_host{};                ///< see AccessControl
  std::uint64_t body_bytes_max = 8u << 20;  ///< of a message
};

class Router final : public HttpHandler {
 public:
  static constexpr std::size_t target_bytes_max = 2048;
  /// Of a request that carries no message.
  static constexpr std::uint64_t small_body_bytes_max = 4u << 10;
  /// An offer that is not durable by then is answered with `timeout`.
  static constexpr std::chrono::seconds offer_timeout{10};
  /// Of a request to pause or resume: a key may be long, and a byte of it six characters.
  static constexpr std::uint64_t pause_body_bytes_max = 64u << 10;
  /// Of a request that names leases.
  static constexpr std::uint64_t tokens_body_bytes_max = 128u << 10;

  /// Messages that one request may have explained.
  static constexpr std::uint64_t explained_max = 100;
  /// Messages of a peek that does not say how many.
  static constexpr std::uint64_t peek_max_default = 10;
  /// For the answers of other nodes.
  static constexpr std::chrono::seconds ask_timeout{15};
  /// The same, while they drop or redrive.
  static constexpr std::chrono::minutes lasting_timeout{10};

  /// `api` and `feed` outlive this.
  Router(NodeApi& api, EventFeed& feed, Resources resources, RouterOptions options);

  [[nodiscard]] Admission admit(HttpRequest& request) override;
  void handle(HttpRequest request, const Responder& responder) override;

  /// As admit(), of what another node asks: see PeerAsker. Any thread. Refuses what is not asked of nodes.
  [[nodiscard]] Admission admit_question(HttpRequest& request);

 private:
  using Handler = void (Router::*)(HttpRequest&, const Responder&);

  /// "*" in a path stands for any segment, "**" at its end for any rest.
  struct Route {
    std::string method;
    std::vector<std::string> path;
    Lane lane;
    Handler handler;
    Handler of_lines = nullptr;  ///< of a body of lines of JSON; null: refused
    bool is_of_cluster = false;  ///< any node answers for all; else each for itself
  };

  /// A handler that answers before it returns.
  template <HttpResponse (Router::*function)(const HttpRequest&)>
  void now(HttpRequest& request, const Responder& responder) {
    responder.complete((this->*function)(request));
  }

  /// A handler that answers for this node; other nodes are asked, too.
  template <HttpResponse (Router::*function)(const HttpRequest&)>
  void all(HttpRequest& request, const Responder& responder) {
    responder.complete(over_nodes(request, function));
  }

  [[nodiscard]] HttpResponse over_nodes(HttpRequest& request,
                                        HttpResponse (Router::*local)(const HttpRequest&));
  /// Adds what each of `peers` answers, for at most `max` messages.
  void ask(const std::vector<std::string>& peers, const HttpRequest& request,
           std::optional<std::uint64_t> max, ClusterAnswer& answer);
  /// Name of this node.
  [[nodiscard]] std::string own_name();

  [[nodiscard]] const Route* find(const HttpRequest& request, std::string& allowed) const;
  [[nodiscard]] std::optional<HttpResponse> refuse(HttpRequest& request, const Route*& route);

  HttpResponse health(const HttpRequest& request);
  HttpResponse readiness(const HttpRequest& request);
  HttpResponse metrics(const HttpRequest& request);
  HttpResponse status(const HttpRequest& request);
  HttpResponse members(const HttpRequest& request);
  HttpResponse shards(const HttpRequest& request);
  HttpResponse move_shard(const HttpRequest& request);
  HttpResponse drain(const HttpRequest& request);
  HttpResponse remove_node(const HttpRequest& request);
  HttpResponse back_up(const HttpRequest& request);
  HttpResponse queues(const HttpRequest& request);
  HttpResponse queue(const HttpRequest& request);
  HttpResponse define_queue(const HttpRequest& request);
  [[nodiscard]] Result<void> define_at(const std::string& node, const HttpRequest& request,
                                       const pb::QueueDefinition& definition);
  HttpResponse peek(const HttpRequest& request);
  HttpResponse explain(const HttpRequest& request);
  HttpResponse remove(const HttpRequest& request);
  HttpResponse redrive(const HttpRequest& request);
  HttpResponse pipelines(const HttpRequest& request);
  HttpResponse stages(const HttpRequest& request);
  HttpResponse pause(const HttpRequest& request);
  HttpResponse resume(const HttpRequest& request);
  HttpResponse set_paused(const HttpRequest& request, bool resumes);
  HttpResponse pauses(const HttpRequest& request);
  HttpResponse events(const HttpRequest& request);
  HttpResponse topics(const HttpRequest& request);
  HttpResponse groups(const HttpRequest& request);
  HttpResponse reset_offsets(const HttpRequest& request);
  HttpResponse remove_group(const HttpRequest& request);
  HttpResponse resource(const HttpRequest& request);
  HttpResponse page(const HttpRequest& request);
  HttpResponse to_page(const HttpRequest& request);
  HttpResponse application(const HttpRequest& request);
  /// Answers when the message is durable, from another thread.
  void offer(HttpRequest& request, const Responder& responder);
  /// The same, of many messages.
  void offer_all(HttpRequest& request, const Responder& responder);
  // For workers of external stages: answer later, from another thread.
  void lease(HttpRequest& request, const Responder& responder);
  void complete(HttpRequest& request, const Responder& responder);
  void extend(HttpRequest& request, const Responder& responder);
  void release(HttpRequest& request, const Responder& responder);
  void say_of_tokens(HttpRequest& request, const Responder& responder, bool extends);

  /// The same, of messages that the client has numbered.
  void offer_numbered(const HttpRequest& request, const Responder& responder, NumberedOffers offers,
                      bool has_lines);

  /// Redirects to the node that serves a key, a shard, or `what`.
  HttpResponse elsewhere(const std::string& target, const std::string& queue,
                         const std::string& key);
  HttpResponse elsewhere(const std::string& target, const std::string& queue, std::uint32_t shard);
  static HttpResponse elsewhere(const std::string& target, const std::optional<Member>& owner,
                                const std::string& what);

  NodeApi& api_;
  EventFeed& feed_;
  Resources resources_;
  RouterOptions options_;
  std::vector<Route> routes_;
  AccessControl access_;  ///< in the loop only
  MetricsPage metrics_;
};

}  // namespace millrace::http
