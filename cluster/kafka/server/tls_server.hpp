// load_server_tls: the certificate that clients of the Kafka server see.
#pragma once

#include <memory>

#include "cluster/kafka/server/server_options.hpp"
#include "messages/result.hpp"

struct ssl_ctx_st;

namespace millrace::kafka {

/// TLS 1.2 or later for a server whose clients show no certificate. Fails with `invalid_argument`, naming
/// the file and what is wrong with it.
[[nodiscard]] Result<std::shared_ptr<ssl_ctx_st>> load_server_tls(const ServerTls& files);

}  // namespace millrace::kafka
