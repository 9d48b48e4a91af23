#include "cluster/transport/tls/tls_source.hpp"

#include <utility>

namespace millrace::transport {

Result<std::shared_ptr<TlsSource>> TlsSource::open(std::string node, const TlsFiles& files) {
  std::shared_ptr<TlsSource> source(new TlsSource(std::move(node)));
  if (auto loaded = source->reload(files); !loaded) return loaded.error();
  return source;
}

Result<void> TlsSource::reload(const TlsFiles& files) {
  auto loaded = TlsContext::load(files);
  if (!loaded) return loaded.error();
  if (auto named = (*loaded)->check_own_name(node_); !named) return named.error();
  const std::lock_guard lock(mutex_);
  current_ = std::move(*loaded);
  return {};
}

std::shared_ptr<const TlsContext> TlsSource::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

}  // namespace millrace::transport
