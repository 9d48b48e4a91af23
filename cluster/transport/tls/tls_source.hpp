// TlsSource: the TLS files that new connections follow, which may be exchanged while links are up.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "cluster/transport/tls/tls_context.hpp"
#include "messages/result.hpp"

namespace millrace::transport {

/// Any thread.
class TlsSource {
 public:
  /// Of a node of this name. Fails with `invalid_argument`, naming the file and what is wrong.
  [[nodiscard]] static Result<std::shared_ptr<TlsSource>> open(std::string node,
                                                               const TlsFiles& files);

  /// From now on connections begin with `files`; those there are go on with what they began with.
  /// Fails as open does, and nothing changes.
  Result<void> reload(const TlsFiles& files);

  [[nodiscard]] std::shared_ptr<const TlsContext> current() const;

 private:
  explicit TlsSource(std::string node) : node_(std::move(node)) {}

  const std::string node_;
  mutable std::mutex mutex_;  // of all below
  std::shared_ptr<const TlsContext> current_;
};

}  // namespace millrace::transport
