// TestAuthority: an authority and certificates that it signs, in a temporary directory that the
// destructor removes.
#pragma once

#include <filesystem>
#include <string>

#include "cluster/transport/tls/tls_context.hpp"

namespace millrace::transport {

class TestAuthority {
 public:
  TestAuthority();
  ~TestAuthority();
  TestAuthority(const TestAuthority&) = delete;
  TestAuthority& operator=(const TestAuthority&) = delete;

  /// Creates a certificate for `name` that is valid for `seconds` from now; negative: expired.
  [[nodiscard]] TlsFiles issue(const std::string& name, long seconds = 3600) const;
  /// Creates a certificate that has `name` as its subject only, and no DNS name.
  [[nodiscard]] TlsFiles issue_without_dns_name(const std::string& name) const;

 private:
  struct Keys;
  [[nodiscard]] TlsFiles issue(const std::string& name, long seconds, bool has_dns_name) const;

  std::filesystem::path directory_;
  std::unique_ptr<Keys> keys_;
};

}  // namespace millrace::transport
