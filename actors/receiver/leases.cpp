#include "actors/receiver/leases.hpp"

#include <algorithm>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/stage/outcome_limits.hpp"

namespace millrace::receivers {
namespace {

constexpr std::size_t outcomes_hint = 32;  // of a report

}  // namespace

WaitingLeases WaitingLeases::take_front(std::size_t most) {
  if (most >= count) return std::exchange(*this, {});
  WaitingLeases front = *this;
  front.count = most;
  first += most;
  count -= most;
  return front;
}

void append_waiting(const std::shared_ptr<const GrantBatch>& batch, SteadyUs arrived_us,
                    std::vector<WaitingLeases>& waiting) {
  bool joins = false;
  for (std::size_t i = 0; i < batch->grants->size(); ++i) {
    const queues::Grant& grant = (*batch->grants)[i];
    const bool is_alone = is_suspect(grant);
    if (joins && !is_alone) {
      ++waiting.back().count;
      waiting.back().until_us = std::min(waiting.back().until_us, grant.deadline_us);
    } else {
      waiting.push_back({batch, i, 1, grant.deadline_us, arrived_us});
    }
    joins = !is_alone;
  }
}

void HeldLease::extend(DurationUs by_us) {
  const SteadyUs at_us = now_us();
  const SteadyUs until_us = time_after(at_us, by_us);
  if (until_us_ < at_us || until_us <= until_us_) return;
  until_us_ = until_us;
  tell(source().handle, queues::ExtendMessage{{grant().lease}, by_us});
}

Reports::Report& Reports::report_for(const std::shared_ptr<const Source>& source,
                                     std::size_t bytes) {
  const auto fits = [&](const Report& report) {
    return report.bytes + bytes <= report_bytes;
  };
  // Most leases follow one of the same queue.
  if (!all_.empty() && all_.back().source->number == source->number && fits(all_.back())) {
    return all_.back();
  }
  const auto last = last_.find(source->number);
  if (last != last_.end() && fits(all_[last->second])) return all_[last->second];
  last_[source->number] = all_.size();
  Report& added = all_.emplace_back(Report{source, std::make_shared<queues::Complete>(), 0});
  added.complete->outcomes.reserve(outcomes_hint);
  return added;
}

void Reports::add(const std::shared_ptr<const Source>& source, queues::LeaseOutcome&& outcome,
                  std::size_t bytes) {
  Report& report = report_for(source, bytes);
  report.complete->outcomes.push_back(std::move(outcome));
  report.bytes += bytes;
}

void Reports::send_as(const AnyActor& receiver, bool wants_reply) {
  for (Report& report : all_) {
    tell_as(receiver, report.source->handle,
            queues::CompleteMessage{std::move(report.complete), wants_reply});
  }
  all_.clear();
  last_.clear();
}

void Extensions::add(WaitingLeases& waiting, SteadyUs now_us) {
  waiting.until_us = time_after(now_us, by_us_);
  for (std::size_t i = 0; i < waiting.count; ++i) {
    add(waiting.batch->source, (*waiting.batch->grants)[waiting.first + i].lease);
  }
}

void Extensions::send() {
  for (auto& [number, entry] : by_queue_) {
    tell(entry.first->handle, queues::ExtendMessage{std::move(entry.second), by_us_});
  }
  by_queue_.clear();
}

}  // namespace millrace::receivers
