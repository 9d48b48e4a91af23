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

void Reports::add(Finished finished) {
  Report& last = last_[finished.source->number];
  if (!last.complete || last.bytes + finished.bytes > report_bytes) {
    last = {std::make_shared<queues::Complete>(), 0};
    all_.emplace_back(std::move(finished.source), last.complete);
  }
  last.complete->outcomes.push_back(std::move(finished.outcome));
  last.bytes += finished.bytes;
}

void Reports::send_as(const AnyActor& receiver) {
  for (auto& [source, complete] : all_) {
    tell_as(receiver, source->handle, queues::CompleteMessage{std::move(complete)});
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
