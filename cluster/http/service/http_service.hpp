// HttpService: a node's HTTP API and metrics on a socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "cluster/http/node_api.hpp"
#include "cluster/http/resources.hpp"
#include "messages/result.hpp"

namespace millrace::http {

struct HttpServiceOptions {
  std::string address = "127.0.0.1:0";  ///< "host:port"; port 0: the system chooses
  /// What changing calls must carry, and all calls from beyond loopback; empty: none is asked for,
  /// and only loopback is served.
  std::string token{};
  std::uint64_t body_bytes_max = 8u << 20;
  std::uint32_t connections_max = 64;
  std::uint32_t event_streams_max = 8;
  std::chrono::microseconds timeout = std::chrono::seconds(30);  ///< see ServerOptions
  std::uint32_t peer_connections_max = 32;                       ///< see ServerOptions
  std::uint64_t bodies_bytes_max = 64u << 20;                    ///< see ServerOptions
  std::uint64_t answers_bytes_max = 64u << 20;                   ///< see ServerOptions
};

class HttpService {
 public:
  /// Serves at once. `api` outlives it. Fails as HttpServer::start().
  [[nodiscard]] static Result<std::unique_ptr<HttpService>> start(const HttpServiceOptions& options,
                                                                  NodeApi& api,
                                                                  Resources resources = {});
  /// As stop() without grace.
  ~HttpService();
  HttpService(const HttpService&) = delete;
  HttpService& operator=(const HttpService&) = delete;

  /// "host:port", with the port that was taken.
  [[nodiscard]] const std::string& address() const;

  /// Answers what another node asks: see PeerAsker. `done` is called once, on any thread, perhaps before the function
  /// returns; it is destroyed without a call if the service stops first. Does not block. Callers bound the number
  /// of questions.
  void answer_peer(PeerQuestion question, std::function<void(PeerAnswer)> done);

  /// Accepts no more, ends streams of events, and waits for the requests in progress. Clients that
  /// still send or take after `grace` are cut off. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit HttpService(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::http
