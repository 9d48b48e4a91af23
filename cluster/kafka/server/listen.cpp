#include "cluster/kafka/server/listen.hpp"

#include <utility>

#include "cluster/config/address.hpp"
#include "cluster/http/server/file_limit.hpp"
#include "cluster/kafka/server/tls_server.hpp"

namespace millrace::kafka {
namespace {

Result<Tcp::acceptor> bind_to(net::io_context& context, const std::string& address,
                              const config::Address& parsed) {
  NetError error;
  const auto found = Tcp::resolver(context).resolve(
      parsed.host, std::to_string(parsed.port),
      Tcp::resolver::passive | Tcp::resolver::numeric_service, error);
  if (error) {
    return Error{ErrorCode::invalid_argument,
                 "kafka.listen: cannot listen on " + address + ": " + error.message()};
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
  return Error{ErrorCode::unreachable,
               "kafka.listen: cannot listen on " + address + ": " + error.message()};
}

}  // namespace

Result<ListeningServer> listen(const ServerOptions& options) {
  const auto parsed = config::parse_address(options.address);
  if (!parsed) {
    return Error{ErrorCode::invalid_argument,
                 "kafka.listen: expected host:port, got " + options.address};
  }
  if (options.is_loopback_only && !config::is_loopback(parsed->host)) {
    return Error{ErrorCode::invalid_argument,
                 "kafka.listen: expected a loopback address, as clients do not authenticate, got " +
                     options.address};
  }
  if (auto allowed = http::allow_connections(options.connections_max); !allowed) {
    return allowed.error();
  }
  std::shared_ptr<ssl_ctx_st> tls;
  if (options.tls) {
    auto loaded = load_server_tls(*options.tls);
    if (!loaded) return loaded.error();
    tls = std::move(*loaded);
  }
  auto context = std::make_unique<net::io_context>(1);
  auto acceptor = bind_to(*context, options.address, *parsed);
  if (!acceptor) return acceptor.error();
  NetError error;
  const Tcp::endpoint bound = acceptor->local_endpoint(error);
  if (error) return Error{ErrorCode::unreachable, "the bound address: " + error.message()};
  return ListeningServer{.host = parsed->host,
                         .port = bound.port(),
                         .loop = std::make_unique<ServerLoop>(
                             options, std::move(context), std::move(*acceptor), std::move(tls))};
}

}  // namespace millrace::kafka
