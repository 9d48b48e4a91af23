// CafTransport: the transport over TCP, optionally with TLS. CAF's middleman does the I/O on one
// thread; each peer has a thread of its own that calls the listener.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cluster/transport/links/transport_options.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::transport {

class CafTransport final : public Transport {
 public:
  /// Fails with `invalid_argument`: an option is out of range, or a TLS file cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<CafTransport>> make(TransportOptions options);

  /// Calls stop() if it was not called.
  ~CafTransport() override;
  CafTransport(const CafTransport&) = delete;
  CafTransport& operator=(const CafTransport&) = delete;

  Result<void> start(TransportListener& listener) override;
  Result<void> stop() override;
  Result<void> send(std::string_view peer, Frame&& frame) override;
  Result<void> reject(std::string_view peer, Error reason) override;
  [[nodiscard]] Result<LinkStatus> status(std::string_view peer) const override;

  /// New connections use `files`; existing links stay up. Fails with `invalid_argument`, naming the
  /// file and the fault, or if TLS would be switched on or off; then nothing changes. Thread-safe;
  /// blocks on reading the files.
  Result<void> reload_tls(const std::optional<TlsFiles>& files);

  /// Replaces the peers: links to new ones are made, those of peers that are not named any more end,
  /// and a changed address counts from the next link on. Fails with `invalid_argument` as make(); then
  /// nothing changes. Thread-safe.
  Result<void> set_peers(std::vector<Peer> peers);

  /// Returns the listening port; 0 before start().
  [[nodiscard]] std::uint16_t port() const;

 private:
  class Parts;
  explicit CafTransport(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace::transport
