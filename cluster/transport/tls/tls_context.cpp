#include "cluster/transport/tls/tls_context.hpp"

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "cluster/transport/tls/tls_channel.hpp"

namespace millrace::transport {
namespace {

Error bad_file(const char* what, const std::filesystem::path& file) {
  return {ErrorCode::invalid_argument,
          std::string("tls.") + what + ": " + file.string() + ": " + last_tls_error()};
}

}  // namespace

TlsContext::TlsContext(ssl_ctx_st* context) : context_(context, SSL_CTX_free) {}

Result<std::shared_ptr<const TlsContext>> TlsContext::load(const TlsFiles& files) {
  ERR_clear_error();
  SSL_CTX* const context = SSL_CTX_new(TLS_method());
  if (context == nullptr) return Error{ErrorCode::invalid_argument, last_tls_error()};
  std::shared_ptr<const TlsContext> result(new TlsContext(context));
  // Both ends run this program, so older versions are not needed.
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(context, 0);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  if (SSL_CTX_load_verify_file(context, files.ca.c_str()) != 1) return bad_file("ca", files.ca);
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) != 1) {
    return bad_file("certificate", files.certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    return bad_file("key", files.key);
  }
  return result;
}

Result<void> TlsContext::check_own_name(const std::string& name) const {
  X509* const own = SSL_CTX_get0_certificate(context_.get());
  if (!carries_name(own, name)) {
    return Error{ErrorCode::invalid_argument,
                 "tls.certificate: it does not carry the name of this node, '" + name + "'"};
  }
  if (X509_cmp_current_time(X509_get0_notBefore(own)) > 0 ||
      X509_cmp_current_time(X509_get0_notAfter(own)) < 0) {
    return Error{ErrorCode::invalid_argument, "tls.certificate: it has expired, or begins later"};
  }
  return {};
}

std::unique_ptr<Channel> TlsContext::make_channel(Role role) const {
  return std::make_unique<TlsChannel>(context_, role == Role::accepting);
}

Result<std::shared_ptr<TlsSource>> TlsSource::open(std::string node, const TlsFiles& files) {
  std::shared_ptr<TlsSource> source(new TlsSource(std::move(node)));
  if (auto loaded = source->reload(files); !loaded) return loaded.error();
  return source;
}

Result<void> TlsSource::reload(const TlsFiles& files) {
  auto loaded = TlsContext::load(files);
  if (!loaded) return loaded.error();
  if (auto named = (*loaded)->check_own_name(node_); !named) return named.error();
  const std::lock_guard lock(mutex_);
  current_ = std::move(*loaded);
  return {};
}

std::shared_ptr<const TlsContext> TlsSource::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

std::string last_tls_error() {
  std::string text;
  while (const unsigned long code = ERR_get_error()) {
    const char* const reason = ERR_reason_error_string(code);
    text = reason != nullptr ? reason : "error " + std::to_string(code);
  }
  return text.empty() ? "the connection was closed" : text;
}

}  // namespace millrace::transport
