// HttpServer: a node's HTTP API and metrics on a socket.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "cluster/http/node_api.hpp"
#include "cluster/http/resources.hpp"
#include "messages/result.hpp"

namespace millrace::http {

struct HttpServerOptions {
  std::string address = "127.0.0.1:0";  ///< "host:port"; port 0: the system chooses
  /// What changing calls must carry, and all calls from beyond loopback; empty: none is asked for,
  /// and only loopback is served.
  std::string token{};
  std::uint64_t body_bytes_max = 8u << 20;
  std::uint32_t connections_max = 64;
  std::uint32_t event_streams_max = 8;
  /// For a request to come in, for its answer to go out, and for a connection to be idle.
  std::chrono::microseconds timeout = std::chrono::seconds(30);
};

class HttpServer {
 public:
  /// Serves at once. `api` outlives it. Fails with `invalid_argument` where the address is none, or
  /// beyond loopback without a token; with `unreachable` where it cannot be bound.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const HttpServerOptions& options,
                                                                 NodeApi& api,
                                                                 Resources resources = {});
  /// As stop() without grace.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "host:port", with the port that was taken.
  [[nodiscard]] const std::string& address() const;

  /// Accepts no more, ends streams of events, and waits for the requests in progress. Clients that
  /// still send or take after `grace` are cut off. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::http
