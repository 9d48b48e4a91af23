#include "actors/queue/decide/decide_complete.hpp"

#include <algorithm>

#include "messages/envelope.hpp"

namespace millrace::queues {
namespace {

using Kind = StageResult::Kind;

ErrorCode code_of(Kind kind) {
  switch (kind) {
    case Kind::retry:
    case Kind::postponed:
      return ErrorCode::timeout;
    case Kind::rejected:
      return ErrorCode::rejected;
    default:
      return ErrorCode::handler_failed;
  }
}

// Adds a failure, or the death of a message that has failed too often. Returns the failure; null: a
// death.
pb::Failure* add_failure(const State& state, pb::Record& record, Sequence sequence, ErrorCode code,
                         std::string reason, std::optional<DurationUs> delay_us,
                         std::uint64_t jitter) {
  const Entry& entry = *state.durable.index.find(sequence);
  const std::uint32_t failed = std::min<std::uint32_t>(entry.failed + 1u, UINT16_MAX);
  if (failed > state.limits.failed_max) {
    add_death(state, record, sequence, failed, code, std::move(reason));
    return nullptr;
  }
  pb::Failure& failure = *record.mutable_change(0)->add_failure();
  failure.set_sequence(sequence);
  failure.set_failed(failed);
  failure.set_acquired(entry.acquired);
  failure.set_not_before_us(time_after(
      record.at_us(),
      delay_us.value_or(retry_delay_us(state.limits, failed, jitter ^ NumberHash{}(sequence)))));
  failure.set_code(static_cast<std::uint32_t>(code));
  failure.set_reason(std::move(reason));
  return &failure;
}

// Adds that a message is to be handled later. `delays` is the number of the failure that a delay would
// belong to. Neither a failure nor a lease is counted: the
// message is as if it had not been leased, so that it is no suspect and may run with others.
void add_postponement(const State& state, pb::Record& record, Sequence sequence, ErrorCode code,
                      std::string reason, std::optional<DurationUs> delay_us, std::uint32_t delays,
                      std::uint64_t jitter) {
  const Entry& entry = *state.durable.index.find(sequence);
  pb::Failure& postponement = *record.mutable_change(0)->add_failure();
  postponement.set_postponed(true);
  postponement.set_sequence(sequence);
  postponement.set_failed(entry.failed);
  postponement.set_acquired(entry.acquired < UINT16_MAX ? entry.acquired - 1u : entry.acquired);
  postponement.set_not_before_us(time_after(
      record.at_us(),
      delay_us.value_or(retry_delay_us(state.limits, delays, jitter ^ NumberHash{}(sequence)))));
  postponement.set_code(static_cast<std::uint32_t>(code));
  postponement.set_reason(std::move(reason));
}

// Adds a failure of a message whose handler ran beyond the lease, or the death of one for which that
// happened too often.
void add_overrun(const State& state, pb::Record& record, Sequence sequence, std::uint64_t jitter) {
  const auto note = state.durable.failures.find(sequence);
  const std::uint32_t overran =
      (note == state.durable.failures.end() ? 0 : note->second.overran) + 1;
  std::string reason = "its handler ran beyond the lease, " + std::to_string(overran) + " times";
  if (overran >= state.limits.overran_max) {
    const std::uint32_t failed = state.durable.index.find(sequence)->failed + 1u;
    return add_death(state, record, sequence, failed, ErrorCode::overran, std::move(reason));
  }
  pb::Failure* const failure = add_failure(state, record, sequence, ErrorCode::overran,
                                           std::move(reason), std::nullopt, jitter);
  if (failure != nullptr) failure->set_overran(overran);
}

// apply() clears timers before it sets any. So a timer that an earlier message of the run set and
// this message clears is removed from the record. Sets from index `first` on are of this run.
void add_timers(pb::Change& own, const std::string& key, MessageOutcome& outcome, int first) {
  auto& sets = *own.mutable_timer_set();
  for (std::string& name : outcome.timers_cleared) {
    for (int i = sets.size(); i-- > first;) {
      if (sets[i].name() == name && sets[i].key() == key) sets.DeleteSubrange(i, 1);
    }
    pb::TimerRef& timer = *own.add_timer_clear();
    timer.set_key(key);
    timer.set_name(std::move(name));
  }
  for (pb::TimerSet& timer : outcome.timers_set) *own.add_timer_set() = std::move(timer);
}

// The change of the key's state in `record`, made when it is first needed.
class KeyChange {
 public:
  KeyChange(pb::Record& record, const std::string& key) : record_(record), key_(key) {}
  [[nodiscard]] pb::StateChange& get() {
    if (change_ == nullptr) {
      change_ = record_.mutable_change(0)->add_state();
      change_->set_key(key_);
    }
    return *change_;
  }

 private:
  pb::Record& record_;
  const std::string& key_;
  pb::StateChange* change_ = nullptr;
};

void add_ack(pb::Record& record, Sequence sequence, MessageOutcome& outcome, KeyChange& key) {
  record.mutable_change(0)->add_ack(sequence);
  for (RoutedOutput& output : outcome.outputs) {
    change_of(record, output.queue).mutable_append()->AddAllocated(output.envelope.release());
  }
  for (std::string& value : outcome.history) {
    pb::HistoryEntry& entry = *key.get().add_history();
    entry.set_input(sequence);
    entry.set_at_us(record.at_us());
    entry.set_value(std::move(value));
  }
}

void add_outcome(const State& state, pb::Record& record, const Lease& lease, LeaseOutcome& outcome,
                 std::uint64_t jitter) {
  KeyChange key(record, outcome.key);
  pb::Change& own = *record.mutable_change(0);
  const int first_timer = own.timer_set_size();
  for (std::size_t i = 0; i < lease.run.size(); ++i) {
    const Sequence sequence = lease.run[i];
    const Entry* entry = state.durable.index.find(sequence);
    MessageOutcome& message = outcome.messages[i];
    if (entry == nullptr || message.kind == Kind::not_run) continue;
    if (message.kind == Kind::acked) {
      add_ack(record, sequence, message, key);
      add_timers(own, outcome.key, message, first_timer);
    } else if (message.kind == Kind::rejected) {
      add_death(state, record, sequence, entry->failed, ErrorCode::rejected,
                std::move(message.reason));
    } else if (message.kind == Kind::postponed) {
      add_postponement(state, record, sequence, code_of(message.kind), std::move(message.reason),
                       message.delay_us, entry->failed + 1u, jitter);
    } else if (state.live.breaker_open) {
      add_postponement(state, record, sequence, code_of(message.kind), std::move(message.reason),
                       message.delay_us, 1, jitter);
    } else {
      add_failure(state, record, sequence, code_of(message.kind), std::move(message.reason),
                  message.delay_us, jitter);
    }
  }
  if (outcome.next_state) key.get().set_value(std::move(*outcome.next_state));
  if (outcome.state_erased) key.get().set_erase(true);
}

void count(const State& state, LeaseId id, const LeaseOutcome& outcome, OutcomeCounts& counts) {
  const bool is_probe = state.live.probes.contains(id);
  for (const MessageOutcome& message : outcome.messages) {
    const bool has_failed = message.kind == Kind::retry || message.kind == Kind::failed;
    const bool has_succeeded = message.kind == Kind::acked || message.kind == Kind::rejected;
    if (is_probe) {
      counts.probes.emplace_back(id, has_failed      ? ProbeResult::failed
                                     : has_succeeded ? ProbeResult::succeeded
                                                     : ProbeResult::nothing);
    } else {
      counts.failed += has_failed ? 1u : 0u;
      counts.succeeded += has_succeeded ? 1u : 0u;
    }
  }
}

// A timer that this outcome clears or replaces must not fire while the record is in flight: the
// record of its firing would clear the timer that replaced it.
void mark_timers(const State& state, const LeaseOutcome& outcome, Pending& pending) {
  const auto mark = [&](const std::string& key, const std::string& name) {
    if (const auto id = state.durable.keyed.find_timer(key, name)) pending.timers.push_back(*id);
  };
  for (const MessageOutcome& message : outcome.messages) {
    if (message.kind != Kind::acked) continue;
    for (const std::string& name : message.timers_cleared) mark(outcome.key, name);
    for (const pb::TimerSet& timer : message.timers_set) mark(timer.key(), timer.name());
  }
}

}  // namespace

DurationUs retry_delay_us(const Limits& limits, std::uint32_t failed, std::uint64_t jitter) {
  DurationUs delay = limits.retry_first_us;
  for (std::uint32_t i = 1; i < failed && delay < limits.retry_max_us; ++i) delay *= 2;
  delay = std::min(delay, limits.retry_max_us);
  const auto percent = static_cast<DurationUs>(80 + jitter % 41);
  return delay * percent / 100;
}

CompleteDecision decide(const State& state, Complete& complete, Now now) {
  CompleteDecision out;
  std::unique_ptr<pb::Record> record;
  LeaseId largest =
      0;  // of those so far. Receivers report leases nearly in the order of their ids.
  for (LeaseOutcome& outcome : complete.outcomes) {
    const auto it = state.live.leases.find(outcome.lease);
    auto& leases = out.decision.pending.leases;
    const bool valid = it != state.live.leases.end() && !it->second.settling &&
                       it->second.deadline_us >= now.steady_us &&
                       it->second.run.size() == outcome.messages.size() &&
                       (outcome.lease > largest ||
                        std::find(leases.begin(), leases.end(), outcome.lease) == leases.end());
    if (!valid) {
      out.refused.push_back(outcome.lease);
      continue;
    }
    if (!record) record = new_record(state, now.wall_us);
    count(state, outcome.lease, outcome, out.counts);
    mark_timers(state, outcome, out.decision.pending);
    add_outcome(state, *record, it->second, outcome, complete.jitter);
    leases.push_back(outcome.lease);
    largest = std::max(largest, outcome.lease);
  }
  out.decision.record = std::move(record);
  return out;
}

Decision decide_lost(const State& state, std::span<const LeaseId> leases, ErrorCode code,
                     std::uint64_t jitter, TimeUs now_us) {
  Decision out;
  if (leases.empty()) return out;
  out.record = new_record(state, now_us);
  out.pending.leases.assign(leases.begin(), leases.end());
  for (const LeaseId id : leases) {
    const Lease& lease = state.live.leases.find(id)->second;
    if (state.is_outbox || !lease.begun || state.durable.index.find(lease.run.front()) == nullptr) {
      continue;
    }
    if (code == ErrorCode::lease_expired && state.live.breaker_open) {
      add_postponement(state, *out.record, lease.run.front(), code,
                       "its handler ran beyond the lease", std::nullopt, 1, jitter);
    } else if (code == ErrorCode::lease_expired) {
      add_overrun(state, *out.record, lease.run.front(), jitter);
    } else {
      add_failure(state, *out.record, lease.run.front(), code,
                  "the worker ended before it gave an outcome", std::nullopt, jitter);
    }
  }
  return out;
}

}  // namespace millrace::queues
