#include "actors/receiver/leases.hpp"

#include "actors/base/shell/actor_handle.hpp"
#include "actors/stage/outcome_limits.hpp"

namespace millrace::receivers {

void HeldLease::extend(DurationUs by_us) {
  const SteadyUs at_us = now_us();
  const SteadyUs until_us = time_after(at_us, by_us);
  if (until_us_ < at_us || until_us <= until_us_) return;
  until_us_ = until_us;
  tell(source->handle, queues::ExtendMessage{{grant->lease}, by_us});
}

Reports::Report& Reports::report_for(const Finished& finished) {
  const queues::QueueNumber number = finished.source->number;
  const auto fits = [&](const Report& report) {
    return report.bytes + finished.bytes <= report_bytes;
  };
  // Most leases follow one of the same queue.
  if (!all_.empty() && all_.back().source->number == number && fits(all_.back())) {
    return all_.back();
  }
  const auto last = last_.find(number);
  if (last != last_.end() && fits(all_[last->second])) return all_[last->second];
  last_[number] = all_.size();
  return all_.emplace_back(Report{finished.source, std::make_shared<queues::Complete>(), 0});
}

void Reports::add(Finished finished) {
  Report& report = report_for(finished);
  report.complete->outcomes.push_back(std::move(finished.outcome));
  report.bytes += finished.bytes;
}

void Reports::send_as(const AnyActor& receiver) {
  for (Report& report : all_) {
    tell_as(receiver, report.source->handle, queues::CompleteMessage{std::move(report.complete)});
  }
  all_.clear();
  last_.clear();
}

void Extensions::send() {
  for (auto& [number, entry] : by_queue_) {
    tell(entry.first->handle, queues::ExtendMessage{std::move(entry.second), by_us_});
  }
  by_queue_.clear();
}

}  // namespace millrace::receivers
