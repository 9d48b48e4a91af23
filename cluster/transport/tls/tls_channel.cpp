#include "cluster/transport/tls/tls_channel.hpp"

#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "actors/base/assert.hpp"
#include "cluster/transport/tls/tls_context.hpp"

namespace millrace::transport {
namespace {

// Limit of handshake input. The certificate chain of a node is a few KiB.
constexpr std::size_t handshake_bytes_max = 64 * 1024;
constexpr std::size_t record_bytes_max = 16 * 1024;

}  // namespace

bool carries_name(x509_st* certificate, std::string_view name) {
  // Only the DNS names of a certificate count: its subject is a text for people.
  constexpr unsigned flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
  return certificate != nullptr &&
         X509_check_host(certificate, name.data(), name.size(), flags, nullptr) == 1;
}

TlsChannel::TlsChannel(std::shared_ptr<ssl_ctx_st> context, bool is_accepting)
    : context_(std::move(context)),
      tls_(SSL_new(context_.get()), SSL_free),
      in_(BIO_new(BIO_s_mem())),
      out_(BIO_new(BIO_s_mem())) {
  MILLRACE_ASSERT(tls_ && in_ != nullptr && out_ != nullptr);
  SSL_set_bio(tls_.get(), in_, out_);
  if (is_accepting) {
    SSL_set_accept_state(tls_.get());
  } else {
    SSL_set_connect_state(tls_.get());
    ERR_clear_error();
    SSL_do_handshake(tls_.get());  // writes the first message; returns at once
  }
}

Result<void> TlsChannel::receive(std::string_view bytes, std::string& plain) {
  ERR_clear_error();
  if (!is_established_) {
    handshake_bytes_ += bytes.size();
    if (handshake_bytes_ > handshake_bytes_max) {
      return Error{ErrorCode::unauthenticated, "a TLS handshake of more than 64 KiB"};
    }
  }
  MILLRACE_ASSERT(BIO_write(in_, bytes.data(), static_cast<int>(bytes.size())) ==
                  static_cast<int>(bytes.size()));
  if (!is_established_) {
    auto shaken = shake_hands();
    if (!shaken || !is_established_) return shaken;
  }
  return decrypt(plain);
}

Result<void> TlsChannel::shake_hands() {
  const int done = SSL_do_handshake(tls_.get());
  if (done == 1) {
    is_established_ = true;
    return {};
  }
  if (SSL_get_error(tls_.get(), done) == SSL_ERROR_WANT_READ) return {};
  return failure();
}

Result<void> TlsChannel::decrypt(std::string& plain) {
  for (;;) {
    const std::size_t before = plain.size();
    plain.resize(before + record_bytes_max);
    std::size_t count = 0;
    const int done = SSL_read_ex(tls_.get(), plain.data() + before, record_bytes_max, &count);
    plain.resize(before + count);
    if (done == 1) continue;
    const int why = SSL_get_error(tls_.get(), done);
    // On close_notify the peer closes the socket, which ends the connection.
    if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_ZERO_RETURN) return {};
    return failure();
  }
}

Result<void> TlsChannel::send(std::string_view plain) {
  MILLRACE_ASSERT(is_established_);
  ERR_clear_error();
  std::size_t count = 0;
  if (!plain.empty() && SSL_write_ex(tls_.get(), plain.data(), plain.size(), &count) != 1) {
    return failure();
  }
  return {};
}

void TlsChannel::pour(std::vector<char>& out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out_, &data);
  if (size <= 0) return;
  out.insert(out.end(), data, data + size);
  (void)BIO_reset(out_);
}

bool TlsChannel::certifies(std::string_view name) const {
  return is_established_ && SSL_get_verify_result(tls_.get()) == X509_V_OK &&
         carries_name(SSL_get0_peer_certificate(tls_.get()), name);
}

Error TlsChannel::failure() const {
  const long verdict = SSL_get_verify_result(tls_.get());
  // In TLS 1.3 the dialing side may complete the handshake before the peer refuses its certificate.
  const bool is_alert = ERR_GET_REASON(ERR_peek_last_error()) >= SSL_AD_REASON_OFFSET;
  if (is_established_ && !is_alert) return {ErrorCode::protocol, "TLS: " + last_tls_error()};
  if (verdict != X509_V_OK) {
    ERR_clear_error();
    return {ErrorCode::unauthenticated, std::string("TLS: the certificate of the other side: ") +
                                            X509_verify_cert_error_string(verdict)};
  }
  return {ErrorCode::unauthenticated, "TLS: " + last_tls_error()};
}

}  // namespace millrace::transport
