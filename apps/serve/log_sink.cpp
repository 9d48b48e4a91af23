#include "apps/serve/log_sink.hpp"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <string_view>

#include <poll.h>
#include <unistd.h>

namespace millrace::serve {
namespace {

/// A pipe that is ready takes so many bytes at once.
constexpr std::size_t piece_bytes = PIPE_BUF;
constexpr int look_interval_ms = 50;

}  // namespace

void PatientSink::give_up_at(std::chrono::steady_clock::time_point when) {
  const std::lock_guard lock(mutex_);
  give_up_at_ = std::min(give_up_at_, when);
}

std::uint64_t PatientSink::flushes() const {
  const std::lock_guard lock(mutex_);
  return flushes_;
}

bool PatientSink::wait_for_flush(std::uint64_t before, std::chrono::milliseconds within) const {
  std::unique_lock lock(mutex_);
  return flushed_.wait_for(lock, within, [&] { return flushes_ != before; });
}

std::uint64_t PatientSink::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

bool PatientSink::is_given_up() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::steady_clock::now() >= give_up_at_;
}

// Another process that writes to the same pipe can take the room in between: the write then waits,
// as it would have before.
bool PatientSink::wait_until_writable() const {
  for (;;) {
    const bool has_given_up = is_given_up();
    pollfd one{descriptor_, POLLOUT, 0};
    // Without a wait once it is given up: thousands of lines may be left.
    const int ready = ::poll(&one, 1, has_given_up ? 0 : look_interval_ms);
    // Errors of the descriptor are those of the write.
    if (ready > 0 || (ready < 0 && errno != EINTR)) return true;
    if (has_given_up) return false;
  }
}

void PatientSink::sink_it_(const spdlog::details::log_msg& message) {
  spdlog::memory_buf_t formatted;
  formatter_->format(message, formatted);
  std::string_view rest(formatted.data(), formatted.size());
  while (!rest.empty()) {
    if (!wait_until_writable()) {
      const std::lock_guard lock(mutex_);
      ++dropped_;
      return;
    }
    const ssize_t put = ::write(descriptor_, rest.data(), std::min(rest.size(), piece_bytes));
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (put <= 0) return;  // nobody reads: there is nowhere to say so
    rest.remove_prefix(static_cast<std::size_t>(put));
  }
}

void PatientSink::flush_() {
  {
    const std::lock_guard lock(mutex_);
    ++flushes_;
  }
  flushed_.notify_all();
}

}  // namespace millrace::serve
