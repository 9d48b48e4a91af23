// HttpServer: answers requests on a socket by a handler. Bounds are in server_options.hpp.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "cluster/http/handler/http_handler.hpp"
#include "cluster/http/server/server_options.hpp"
#include "messages/result.hpp"

namespace millrace::http {

/// One thread runs the loop, ten run handlers that may block; no other thread is used, whatever the
/// number of connections.
class HttpServer {
 public:
  /// Serves at once. `handler` outlives the server. Fails with `invalid_argument`: no address,
  /// unknown host, one beyond loopback with is_loopback_only, or more connections than the process
  /// may have files; with `unreachable` if the address cannot be bound.
  [[nodiscard]] static Result<std::unique_ptr<HttpServer>> start(const ServerOptions& options,
                                                                 HttpHandler& handler);
  /// As stop() without grace.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// "host:port", with the port that was taken.
  [[nodiscard]] const std::string& address() const;

  /// Accepts no more, ends streams, waits for the requests in progress. Clients that still send or
  /// take after `grace` are cut off. A second call does nothing.
  void stop(std::chrono::milliseconds grace);

 private:
  class Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::http
