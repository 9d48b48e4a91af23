#include "actors/postgres_log/lease.hpp"

#include <algorithm>
#include <utility>

#include "actors/postgres_log/seats.hpp"

namespace millrace::postgres_log {

Lease::Lease(const Options& options, const Owner& owner, Connector& connector)
    : options_(options),
      owner_(owner),
      connector_(connector),
      interval_(options.lease.count() == 0 ? watch_interval : options.lease / 3) {
  if (options_.lease.count() != 0) {
    until_ = (Clock::now() + options_.lease).time_since_epoch().count();
  }
  thread_ = std::thread([this] { run(); });
}

void Lease::watch(std::function<void()> on_fenced) {
  const std::lock_guard lock(mutex_);
  on_fenced_ = std::move(on_fenced);
  changed_.notify_all();
}

void Lease::stop(bool gives_up) {
  {
    std::unique_lock lock(mutex_);
    if (!is_stopping_) gives_up_ = gives_up;
    is_stopping_ = true;
    changed_.notify_all();
    if (gives_up_ && thread_.joinable()) {
      changed_.wait_for(lock, options_.stop_patience, [&] { return is_done_; });
    }
  }
  interrupt_.raise();
  if (thread_.joinable()) thread_.join();
}

void Lease::run() {
  auto retry_after = options_.retry_min;
  auto next = Clock::now() + interval_;
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait_until(lock, next, [&] { return is_stopping_ || (is_fenced_ && on_fenced_); });
    if (is_stopping_) break;
    if (is_fenced_) {
      if (on_fenced_) {
        const auto on_fenced = std::exchange(on_fenced_, nullptr);
        lock.unlock();
        on_fenced();
        lock.lock();
      }
      next = Clock::time_point::max();
      continue;
    }
    lock.unlock();
    const Result<void> renewed = renew();
    lock.lock();
    if (renewed) {
      retry_after = options_.retry_min;
      next = Clock::now() + interval_;
    } else if (renewed.error().code == ErrorCode::fenced) {
      is_fenced_ = true;
    } else {
      session_.reset();
      next = Clock::now() + retry_after;
      retry_after = std::min({retry_after * 2, options_.retry_max, interval_});
    }
  }
  const bool gives_up = gives_up_ && options_.lease.count() != 0 && !is_fenced_;
  lock.unlock();
  if (gives_up && connect()) {
    // If this fails, the lease ends by itself.
    [[maybe_unused]] const auto released =
        release_seat(*session_, owner_.schema, owner_.node, owner_.epoch);
  }
  lock.lock();
  is_done_ = true;
  changed_.notify_all();
}

Result<void> Lease::connect() {
  if (session_ != nullptr && session_->is_usable()) return {};
  session_.reset();
  auto session = connector_.connect(interrupt_);
  if (!session) return session.error();
  session_ = *std::move(session);
  return {};
}

Result<void> Lease::renew() {
  if (auto connected = connect(); !connected) return connected;
  // An owner that writes nothing learns here that it was fenced.
  if (options_.lease.count() == 0) {
    Result<void> owned = begin_owned(*session_, owner_);
    session_->roll_back();
    return owned;
  }
  const auto asked_at = Clock::now();
  Result<void> renewed =
      renew_lease(*session_, owner_.schema, owner_.node, owner_.epoch, options_.lease);
  if (renewed) until_ = (asked_at + options_.lease).time_since_epoch().count();
  return renewed;
}

std::int64_t Lease::left_us() const {
  const Clock::rep until = until_;
  if (until == 0) return 0;
  const Clock::duration left(until - Clock::now().time_since_epoch().count());
  return std::chrono::duration_cast<std::chrono::microseconds>(left).count();
}

}  // namespace millrace::postgres_log
