#include "cluster/http/service/http_service.hpp"

#include <utility>

#include "cluster/config/address.hpp"
#include "cluster/http/handler/work_pool.hpp"
#include "cluster/http/routes/event_feed.hpp"
#include "cluster/http/routes/router.hpp"
#include "cluster/http/server/http_server.hpp"

namespace millrace::http {
namespace {

constexpr std::chrono::milliseconds event_interval{1'000};

RouterOptions router_options(const HttpServiceOptions& options) {
  const auto address = config::parse_address(options.address);
  return {.token = options.token,
          .listen_host = address ? address->host : "",
          .body_bytes_max = options.body_bytes_max};
}

ServerOptions server_options(const HttpServiceOptions& options) {
  return {.address = options.address,
          .is_loopback_only = options.token.empty(),
          .connections_max = options.connections_max,
          .peer_connections_max = options.peer_connections_max,
          .bodies_bytes_max = options.bodies_bytes_max,
          .answers_bytes_max = options.answers_bytes_max,
          .timeout = options.timeout};
}

/// Passes the answer to a question on.
class QuestionReceiver final : public AnswerReceiver {
 public:
  explicit QuestionReceiver(std::function<void(PeerAnswer)> done) : done_(std::move(done)) {}
  void receive(HttpResponse answer) override { done_({answer.status, std::move(answer.body)}); }

 private:
  const std::function<void(PeerAnswer)> done_;
};

}  // namespace

class HttpService::Parts {
 public:
  Parts(const HttpServiceOptions& options, NodeApi& api, Resources resources)
      : feed(api, event_interval, options.event_streams_max),
        router(api, feed, std::move(resources), router_options(options)) {}

  EventFeed feed;
  Router router;
  std::unique_ptr<HttpServer> server{};
  /// Of its own: were they those of the server, nodes that ask each other could wait for each other's threads.
  WorkPool questions{router};
};

Result<std::unique_ptr<HttpService>> HttpService::start(const HttpServiceOptions& options,
                                                        NodeApi& api, Resources resources) {
  auto parts = std::make_unique<Parts>(options, api, std::move(resources));
  auto server = HttpServer::start(server_options(options), parts->router);
  if (!server) return server.error();
  parts->server = std::move(*server);
  return std::unique_ptr<HttpService>(new HttpService(std::move(parts)));
}

HttpService::HttpService(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpService::~HttpService() = default;

const std::string& HttpService::address() const {
  return parts_->server->address();
}

void HttpService::answer_peer(PeerQuestion question, std::function<void(PeerAnswer)> done) {
  HttpRequest request{.method = std::move(question.method), .target = std::move(question.target)};
  request.body = std::move(question.body);
  request.peer = std::move(question.client);
  request.is_from_loopback = false;
  auto admission = parts_->router.admit_question(request);
  if (admission.refusal) {
    return done({admission.refusal->status, std::move(admission.refusal->body)});
  }
  auto pending = std::make_shared<PendingAnswer>(
      std::make_unique<QuestionReceiver>(std::move(done)), ByteCharge());
  parts_->questions.run(admission.lane, {std::move(request), std::move(pending)});
}

void HttpService::stop(std::chrono::milliseconds grace) {
  parts_->server->stop(grace);
  parts_->questions.stop();
  parts_->feed.stop();
}

}  // namespace millrace::http
