#include "apps/inference/callers.hpp"

#include "apps/inference/model.hpp"

namespace millrace::inference {

void CallerFigures::merge(const CallerFigures& other) {
  asked += other.asked;
  turned_away += other.turned_away;
  for (std::size_t i = 0; i < by_verdict.size(); ++i) by_verdict[i] += other.by_verdict[i];
  in_time += other.in_time;
  waited.merge(other.waited);
  total.merge(other.total);
}

void Callers::ask(std::size_t tenant, const Request& request, TimeUs now_us, TimeUs deadline_us) {
  const std::lock_guard lock(mutex_);
  ++figures_.at(tenant).asked;
  waiting_.emplace(request.id(), Waiting{tenant, now_us, deadline_us, request.prompt()});
}

void Callers::turn_away(std::uint64_t id) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(id);
  if (found == waiting_.end()) return;
  ++figures_.at(found->second.tenant).turned_away;
  waiting_.erase(found);
  if (waiting_.empty()) changed_.notify_all();
}

void Callers::answer(const Answer& answer, TimeUs now_us) {
  const std::lock_guard lock(mutex_);
  const auto found = waiting_.find(answer.id());
  if (found == waiting_.end()) return;
  const Waiting& caller = found->second;
  CallerFigures& figures = figures_.at(caller.tenant);
  ++figures.by_verdict.at(static_cast<std::size_t>(answer.verdict()));
  if (answer.verdict() == ANSWERED) {
    if (answer.text() != Model::completion_of(caller.prompt)) ++mismatched_;
    if (now_us <= caller.deadline_us) ++figures.in_time;
    figures.waited.record(answer.waited_us());
    figures.total.record(now_us - caller.asked_at_us);
  }
  waiting_.erase(found);
  if (waiting_.empty()) changed_.notify_all();
}

std::size_t Callers::wait_for_all(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, timeout, [this] { return waiting_.empty(); });
  return waiting_.size();
}

std::vector<CallerFigures> Callers::figures() const {
  const std::lock_guard lock(mutex_);
  return figures_;
}

std::uint64_t Callers::mismatched() const {
  const std::lock_guard lock(mutex_);
  return mismatched_;
}

}  // namespace millrace::inference
