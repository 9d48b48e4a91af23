#include "cluster/http/message/client_session.hpp"

#include <atomic>
#include <utility>

namespace millrace::http {
namespace {

std::uint64_t next_id() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

}  // namespace

ClientSession::ClientSession() : id_(next_id()) {}

void ClientSession::on_end(std::function<void()> end) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_function_, true)) return;
    if (!has_ended_) {
      end_ = std::move(end);
      return;
    }
  }
  end();
}

void ClientSession::end() {
  std::unique_lock lock(mutex_);
  has_ended_ = true;
  const std::function<void()> call = std::exchange(end_, nullptr);
  lock.unlock();
  if (call) call();
}

}  // namespace millrace::http
