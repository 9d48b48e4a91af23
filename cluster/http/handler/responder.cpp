#include "cluster/http/handler/responder.hpp"

#include <utility>

#include "cluster/http/message/problem.hpp"

namespace millrace::http {

bool PendingAnswer::try_start() {
  const std::lock_guard lock(mutex_);
  if (state_ != State::queued) return false;
  state_ = State::running;
  return true;
}

bool PendingAnswer::complete_unstarted(HttpResponse answer) {
  return try_start() && complete(std::move(answer));
}

bool PendingAnswer::complete(HttpResponse answer) {
  const std::lock_guard lock(mutex_);
  if (!is_open()) return false;
  state_ = State::answered;
  charge_.release();
  fallback_.reset();
  receiver_->receive(std::move(answer));
  return true;
}

void PendingAnswer::expire(SteadyTime now) {
  std::unique_lock lock(mutex_);
  if (!is_open() || !fallback_ || now < fallback_at_) return;
  HttpResponse answer = std::move(*fallback_);
  lock.unlock();
  if (complete(std::move(answer))) notify_gone();
}

bool PendingAnswer::is_awaited() {
  const std::lock_guard lock(mutex_);
  return is_open();
}

void PendingAnswer::notify_gone() {
  std::unique_lock lock(mutex_);
  is_gone_ = true;
  const std::function<void()> notify = std::exchange(notify_, nullptr);
  lock.unlock();
  if (notify) notify();
}

void PendingAnswer::abandon() {
  {
    const std::lock_guard lock(mutex_);
    if (!is_open()) return;
    // The charge stays until the handler lets the request go.
    state_ = State::abandoned;
  }
  notify_gone();
}

void PendingAnswer::on_abandoned(std::function<void()> notify) {
  {
    const std::lock_guard lock(mutex_);
    if (!is_gone_) {
      if (is_open()) notify_ = std::move(notify);
      return;
    }
  }
  if (notify) notify();
}

void PendingAnswer::expect_by(SteadyTime at, HttpResponse fallback) {
  const std::lock_guard lock(mutex_);
  if (!is_open()) return;
  fallback_at_ = at;
  fallback_ = std::move(fallback);
}

void PendingAnswer::complete_as_forgotten() {
  std::optional<HttpResponse> answer;
  {
    const std::lock_guard lock(mutex_);
    charge_.release();
    notify_ = nullptr;
    if (!is_open()) return;
    answer = std::exchange(fallback_, std::nullopt);
  }
  if (!answer) answer = problem(500, "internal", "the request was dropped without an answer");
  complete(std::move(*answer));
}

Responder::Responder(std::shared_ptr<PendingAnswer> pending)
    : guard_(std::make_shared<Guard>(std::move(pending))) {}

bool Responder::complete(HttpResponse answer) const {
  return guard_->pending->complete(std::move(answer));
}

void Responder::on_abandoned(std::function<void()> notify) const {
  guard_->pending->on_abandoned(std::move(notify));
}

void Responder::expect_by(SteadyTime at, HttpResponse fallback) const {
  guard_->pending->expect_by(at, std::move(fallback));
}

}  // namespace millrace::http
