#include "cluster/kafka/server/tls_server.hpp"

#include <string>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "cluster/transport/tls/tls_context.hpp"

namespace millrace::kafka {
namespace {

Error bad_file(const char* what, const std::filesystem::path& file) {
  return {ErrorCode::invalid_argument, std::string("kafka.tls.") + what + ": " + file.string() +
                                           ": " + transport::last_tls_error()};
}

}  // namespace

Result<std::shared_ptr<ssl_ctx_st>> load_server_tls(const ServerTls& files) {
  ERR_clear_error();
  const std::shared_ptr<ssl_ctx_st> context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return Error{ErrorCode::invalid_argument, transport::last_tls_error()};
  // Clients that are years old speak 1.2.
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context.get(), 0);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return bad_file("certificate", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return bad_file("key", files.key);
  }
  return context;
}

}  // namespace millrace::kafka
