#include "cluster/node/http_options.hpp"

#include <utility>

#include "cluster/config/file/load.hpp"

namespace millrace::cluster {

Result<http::HttpServiceOptions> http_options(const config::Config& config) {
  http::HttpServiceOptions options;
  options.address = config.listen.http;
  options.body_bytes_max = config.http.body_bytes_max;
  options.connections_max = config.http.connections_max;
  options.event_streams_max = config.http.event_streams_max;
  options.timeout = config.http.timeout;
  options.peer_connections_max = config.http.peer_connections_max;
  options.bodies_bytes_max = config.http.bodies_bytes_max;
  options.answers_bytes_max = config.http.answers_bytes_max;
  if (!config.http.token_file.empty()) {
    auto token = config::read_token(config.http.token_file);
    if (!token) return token.error();
    options.token = std::move(*token);
  }
  return options;
}

}  // namespace millrace::cluster
