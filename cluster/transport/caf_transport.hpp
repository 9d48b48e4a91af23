// The transport over TCP, with TLS: CAF's middleman moves the bytes, on one thread.
#pragma once

#include <memory>

#include "cluster/transport/transport.hpp"
#include "cluster/transport/transport_options.hpp"

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

  /// The port that is listened on, once started.
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Parts;
  explicit CafTransport(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::transport
