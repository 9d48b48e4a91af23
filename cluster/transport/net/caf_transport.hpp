// The transport over TCP, with TLS: CAF's middleman moves the bytes, on one thread.
#pragma once

#include <memory>
#include <optional>

#include "cluster/transport/links/transport_options.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::transport {

class CafTransport final : public Transport {
 public:
  /// Fails with `invalid_argument`: an option, or a file of tls.
  [[nodiscard]] static Result<std::unique_ptr<CafTransport>> make(TransportOptions options);

  /// Stops, where stop was not called.
  ~CafTransport() override;
  CafTransport(const CafTransport&) = delete;
  CafTransport& operator=(const CafTransport&) = delete;

  Result<void> start(TransportListener& listener) override;
  Result<void> stop() override;
  Result<void> send(std::string_view peer, Frame&& frame) override;
  Result<void> reject(std::string_view peer, Error reason) override;
  [[nodiscard]] Result<LinkStatus> status(std::string_view peer) const override;

  /// New connections begin with these files; links that are up stay up. Fails with
  /// `invalid_argument`, naming the file and what is wrong with it, or where it was made with TLS
  /// and `files` is none, or the reverse; nothing changes then. Any thread; reads files.
  Result<void> reload_tls(const std::optional<TlsFiles>& files);

  /// The port that is listened on, once started.
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Parts;
  explicit CafTransport(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::transport
