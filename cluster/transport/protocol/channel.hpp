// Channel: the security layer of one connection, between its raw bytes and the link protocol.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "messages/result.hpp"

namespace millrace::transport {

/// One connection's security. Not thread-safe.
class Channel {
 public:
  virtual ~Channel() = default;

  /// Decodes bytes read from the connection and appends the plain text to `plain`. Fails with
  /// `unauthenticated` (handshake failed, or a certificate of another authority) or `protocol`.
  /// After a failure, write the output of pour() and close the connection.
  virtual Result<void> receive(std::string_view bytes, std::string& plain) = 0;

  /// Encodes bytes for the peer; pour() returns them. Requires is_established(). Fails with
  /// `protocol`.
  virtual Result<void> send(std::string_view plain) = 0;

  /// Moves the bytes to write to the connection to the end of `out`.
  virtual void pour(std::vector<char>& out) = 0;

  /// Whether the peer is authenticated; from then on send() may be called.
  [[nodiscard]] virtual bool is_established() const = 0;

  /// Whether the peer's certificate carries this node name.
  [[nodiscard]] virtual bool certifies(std::string_view name) const = 0;
};

/// Passes bytes through without any security; every name is certified. For loopback only.
class PlainChannel final : public Channel {
 public:
  Result<void> receive(std::string_view bytes, std::string& plain) override {
    plain.append(bytes);
    return {};
  }
  Result<void> send(std::string_view plain) override {
    out_.append(plain);
    return {};
  }
  void pour(std::vector<char>& out) override {
    out.insert(out.end(), out_.begin(), out_.end());
    out_.clear();
  }
  [[nodiscard]] bool is_established() const override { return true; }
  [[nodiscard]] bool certifies(std::string_view) const override { return true; }

 private:
  std::string out_;
};

}  // namespace millrace::transport
