// Channel: what lies between the bytes of a connection and those of the link on it.
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

  /// Bytes from the connection; appends what they say to `plain`. Fails with `unauthenticated` (a
  /// handshake that failed, another authority) or `protocol`; then the connection is to be closed,
  /// after what pour gives was written.
  virtual Result<void> receive(std::string_view bytes, std::string& plain) = 0;

  /// Bytes for the other side, only when established. Fails with `protocol`.
  virtual Result<void> send(std::string_view plain) = 0;

  /// Appends to `out` what is to be written to the connection.
  virtual void pour(std::vector<char>& out) = 0;

  /// The other side has proved what it has to prove; send may be called.
  [[nodiscard]] virtual bool is_established() const = 0;

  /// Whether the other side has proved to be the node of this name.
  [[nodiscard]] virtual bool certifies(std::string_view name) const = 0;
};

/// No security at all: for loopback, where whoever connects already runs on this machine.
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
