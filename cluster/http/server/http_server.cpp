#include "cluster/http/server/http_server.hpp"

#include <utility>

#include "cluster/config/address.hpp"
#include "cluster/http/server/file_limit.hpp"
#include "cluster/http/server/server_loop.hpp"

namespace millrace::http {
namespace {

/// Bound and listening, or the reason why not.
Result<Tcp::acceptor> listen_on(net::io_context& context, const ServerOptions& options) {
  const std::string& address = options.address;
  const auto parsed = config::parse_address(address);
  if (!parsed) return Error{ErrorCode::invalid_argument, "expected host:port, got " + address};
  if (options.is_loopback_only && !config::is_loopback(parsed->host)) {
    return Error{ErrorCode::invalid_argument,
                 "expected a loopback address, as there is no token, got " + address};
  }
  NetError error;
  const auto found = Tcp::resolver(context).resolve(
      parsed->host, std::to_string(parsed->port),
      Tcp::resolver::passive | Tcp::resolver::numeric_service, error);
  if (error) {
    return Error{ErrorCode::invalid_argument,
                 "cannot listen on " + address + ": " + error.message()};
  }
  for (const auto& each : found) {
    Tcp::acceptor acceptor(context);
    const Tcp::endpoint endpoint = each.endpoint();
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(net::socket_base::max_listen_connections, error);
    if (!error) return acceptor;
  }
  return Error{ErrorCode::unreachable, "cannot listen on " + address + ": " + error.message()};
}

std::string text_of(const Tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  return (endpoint.address().is_v6() ? '[' + host + ']' : host) + ':' +
         std::to_string(endpoint.port());
}

}  // namespace

class HttpServer::Parts {
 public:
  Parts(std::string bound, const ServerOptions& options, std::unique_ptr<net::io_context> context,
        Tcp::acceptor acceptor, HttpHandler& handler)
      : address(std::move(bound)),
        loop(options, std::move(context), std::move(acceptor), handler) {}

  const std::string address;
  ServerLoop loop;
};

Result<std::unique_ptr<HttpServer>> HttpServer::start(const ServerOptions& options,
                                                      HttpHandler& handler) {
  if (auto allowed = allow_connections(options.connections_max + reserve_connections); !allowed) {
    return allowed.error();
  }
  auto context = std::make_unique<net::io_context>(1);
  auto acceptor = listen_on(*context, options);
  if (!acceptor) return acceptor.error();
  NetError error;
  const Tcp::endpoint bound = acceptor->local_endpoint(error);
  if (error) return Error{ErrorCode::unreachable, "the bound address: " + error.message()};
  return std::unique_ptr<HttpServer>(new HttpServer(std::make_unique<Parts>(
      text_of(bound), options, std::move(context), std::move(*acceptor), handler)));
}

HttpServer::HttpServer(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
HttpServer::~HttpServer() = default;

const std::string& HttpServer::address() const {
  return parts_->address;
}

void HttpServer::stop(std::chrono::milliseconds grace) {
  parts_->loop.stop(grace);
}

}  // namespace millrace::http
