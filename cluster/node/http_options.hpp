// What the HTTP API of a node takes from its configuration.
#pragma once

#include "cluster/config/config.hpp"
#include "cluster/http/service/http_service.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Reads the token, if there is one; fails as config::read_token(). Blocks.
[[nodiscard]] Result<http::HttpServiceOptions> http_options(const config::Config& config);

}  // namespace millrace::cluster
