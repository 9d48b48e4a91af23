// TlsContext: the certificate and key of this node and the one authority that it trusts.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "cluster/transport/protocol/channel.hpp"
#include "messages/result.hpp"

struct ssl_ctx_st;

namespace millrace::transport {

/// PEM files. The authority must be the cluster's own: any node whose certificate it signed may
/// join.
struct TlsFiles {
  std::filesystem::path ca;
  std::filesystem::path certificate;  ///< followed by intermediate certificates, if any
  std::filesystem::path key;
};

class TlsContext {
 public:
  /// Fails with `invalid_argument`, naming the file and what is wrong with it.
  [[nodiscard]] static Result<std::shared_ptr<const TlsContext>> load(const TlsFiles& files);

  /// Checks that this node's certificate carries `name` and is currently valid. Fails with
  /// `invalid_argument`.
  [[nodiscard]] Result<void> check_own_name(const std::string& name) const;

  enum class Role { dialing, accepting };
  /// Returns a channel with TLS 1.3 and mutual authentication. The channel keeps the context alive.
  [[nodiscard]] std::unique_ptr<Channel> make_channel(Role role) const;

 private:
  explicit TlsContext(ssl_ctx_st* context);

  std::shared_ptr<ssl_ctx_st> context_;
};

/// The TLS files of new connections; replaceable while links are up. Thread-safe.
class TlsSource {
 public:
  /// Loads the files of node `node`. Fails with `invalid_argument`, naming the file and the fault.
  [[nodiscard]] static Result<std::shared_ptr<TlsSource>> open(std::string node,
                                                               const TlsFiles& files);

  /// New connections use `files`; existing ones keep theirs. Fails with `invalid_argument`; then
  /// nothing changes.
  Result<void> reload(const TlsFiles& files);

  [[nodiscard]] std::shared_ptr<const TlsContext> current() const;

 private:
  explicit TlsSource(std::string node) : node_(std::move(node)) {}

  const std::string node_;
  mutable std::mutex mutex_;  // guards current_
  std::shared_ptr<const TlsContext> current_;
};

/// Empties this thread's OpenSSL error queue; returns the text of the last error in it.
[[nodiscard]] std::string last_tls_error();

}  // namespace millrace::transport
