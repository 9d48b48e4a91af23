#include "actors/queue/decide/explain.hpp"

#include <algorithm>
#include <utility>

#include "actors/queue/decide/dispatch.hpp"
#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/decide/suspicion.hpp"

namespace millrace::queues {
namespace {

class Explainer {
 public:
  Explainer(const State& state, Now now) : state_(state), now_(now) {}

  std::vector<WaitReason> run(Sequence sequence) {
    const Entry* entry = state_.durable.index.find(sequence);
    if (entry == nullptr) return {};
    const Sequence head = entry->slot == no_slot ? sequence : state_.keys[entry->slot].head;
    if (state_.is_outbox) {
      add(WaitCause::sending);
      return std::move(out_);
    }
    if (head != sequence && !is_leased(*entry)) {
      add(WaitCause::behind).sequence = head;
      entry = state_.durable.index.find(head);
    }
    if (is_leased(*entry)) {
      explain_lease(head, *entry);
      return std::move(out_);
    }
    explain_message(head, *entry);
    explain_queue();
    if (out_.empty() || out_.back().cause == WaitCause::behind) add(WaitCause::turn);
    return std::move(out_);
  }

 private:
  WaitReason& add(WaitCause cause) { return out_.emplace_back(WaitReason{.cause = cause}); }

  static bool is_leased(const Entry& entry) {
    return entry.status() == Status::leased || entry.status() == Status::settling;
  }

  void explain_lease(Sequence sequence, const Entry& entry) {
    if (entry.status() == Status::settling) {
      add(WaitCause::settling);
      return;
    }
    WaitReason& reason = add(WaitCause::leased);
    for (const auto& [id, lease] : state_.live.leases) {
      if (std::find(lease.run.begin(), lease.run.end(), sequence) == lease.run.end()) continue;
      reason.until_us = time_after(now_.wall_us, lease.deadline_us - now_.steady_us);
    }
  }

  void explain_message(Sequence sequence, const Entry& entry) {
    if (entry.has_schedule) {
      const Schedule& schedule = state_.durable.schedules.find(sequence)->second;
      if (schedule.not_before_us > now_.wall_us) {
        WaitReason& reason = add(WaitCause::delayed);
        reason.until_us = schedule.not_before_us;
        reason.failed = entry.failed;
      }
    }
    const Body* body = state_.durable.index.body(sequence);
    if (body == nullptr) {
      add(WaitCause::loading);
    } else if (is_key_paused(state_, (*body)->key())) {
      add_pause(WaitCause::key_paused, *state_.durable.pauses->find((*body)->key()));
    }
    if (runs_alone(state_, sequence, entry)) add(WaitCause::alone);
  }

  void add_pause(WaitCause cause, const Pause& pause) {
    WaitReason& reason = add(cause);
    reason.since_us = pause.since_us;
    reason.until_us = pause.until_us;
    reason.reason = pause.reason;
    reason.by = pause.by;
  }

  void explain_queue() {
    const Volatile& live = state_.live;
    if (state_.durable.pauses && state_.durable.pauses->queue()) {
      add_pause(WaitCause::queue_paused, *state_.durable.pauses->queue());
    }
    if (state_.durable.breaker_open_since_us != 0) {
      add(WaitCause::breaker_open).since_us = state_.durable.breaker_open_since_us;
    }
    if (live.blocked > 0) add(WaitCause::downstream);
    if (live.quiesced) add(WaitCause::moving);
    if (live.draining) add(WaitCause::draining);
    if (live.exhausted) add(WaitCause::no_room);
    if (live.loading || live.loading_states) add(WaitCause::loading);
    if (live.in_flight >= state_.limits.in_flight ||
        live.in_flight_bytes >= state_.limits.in_flight_bytes) {
      add(WaitCause::in_flight);
    }
    const bool is_asked = std::any_of(live.receivers.begin(), live.receivers.end(),
                                      [](const auto& one) { return one.second.demand > 0; });
    if (!is_asked) add(WaitCause::nobody_asks);
  }

  const State& state_;
  const Now now_;
  std::vector<WaitReason> out_;
};

}  // namespace

const char* to_string(WaitCause cause) {
  switch (cause) {
    case WaitCause::leased:
      return "leased";
    case WaitCause::settling:
      return "settling";
    case WaitCause::behind:
      return "behind";
    case WaitCause::delayed:
      return "delayed";
    case WaitCause::key_paused:
      return "key_paused";
    case WaitCause::queue_paused:
      return "queue_paused";
    case WaitCause::breaker_open:
      return "breaker_open";
    case WaitCause::downstream:
      return "downstream";
    case WaitCause::moving:
      return "moving";
    case WaitCause::draining:
      return "draining";
    case WaitCause::no_room:
      return "no_room";
    case WaitCause::in_flight:
      return "in_flight";
    case WaitCause::alone:
      return "alone";
    case WaitCause::loading:
      return "loading";
    case WaitCause::nobody_asks:
      return "nobody_asks";
    case WaitCause::sending:
      return "sending";
    case WaitCause::turn:
      return "turn";
  }
  return "turn";
}

std::vector<WaitReason> explain(const State& state, Sequence sequence, MessageId id, Now now) {
  const Body* body = state.durable.index.body(sequence);
  const bool is_other =
      body != nullptr && !(MessageId{(*body)->id_high(), (*body)->id_low()} == id);
  if (is_other) return {};
  return Explainer(state, now).run(sequence);
}

}  // namespace millrace::queues
