// TlsChannel: TLS over memory buffers. The I/O layer stays free of TLS, and the certificate that is
// checked is that of the connection that carries the frames.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "cluster/transport/protocol/channel.hpp"

struct ssl_st;
struct ssl_ctx_st;
struct bio_st;
struct x509_st;

namespace millrace::transport {

/// Whether `certificate` is for the node `name`: `name` is one of its alternative DNS names or, if
/// it has none, its common name. Wildcards do not match.
[[nodiscard]] bool carries_name(x509_st* certificate, std::string_view name);

class TlsChannel final : public Channel {
 public:
  TlsChannel(std::shared_ptr<ssl_ctx_st> context, bool is_accepting);

  Result<void> receive(std::string_view bytes, std::string& plain) override;
  Result<void> send(std::string_view plain) override;
  void pour(std::vector<char>& out) override;
  [[nodiscard]] bool is_established() const override { return is_established_; }
  [[nodiscard]] bool certifies(std::string_view name) const override;

 private:
  Result<void> shake_hands();
  Result<void> decrypt(std::string& plain);
  [[nodiscard]] Error failure() const;

  std::shared_ptr<ssl_ctx_st> context_;
  std::shared_ptr<ssl_st> tls_;
  bio_st* in_;   // owned by tls_
  bio_st* out_;  // owned by tls_
  bool is_established_ = false;
  std::size_t handshake_bytes_ = 0;
};

}  // namespace millrace::transport
