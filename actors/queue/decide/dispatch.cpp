#include "actors/queue/decide/dispatch.hpp"

#include <algorithm>

#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/decide/suspicion.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/lease_table.hpp"

namespace millrace::queues {
namespace {

/// Tickets that wanted_states() looks at for each key that it may return.
constexpr std::size_t tickets_per_wanted = 4;

enum class Fitness : std::uint8_t { runs, waits, held, gives_up, lacks_body, lacks_state };

class Dispatcher {
 public:
  Dispatcher(State& state, SteadyUs now_us) : state_(state), now_us_(now_us) {}

  Dispatch run() {
    while (state_.live.permits != 0u && state_.live.in_flight < state_.limits.in_flight &&
           state_.live.in_flight_bytes < state_.limits.in_flight_bytes) {
      const auto receiver = next_receiver();
      if (receiver == state_.live.receivers.end()) break;
      const int priority = state_.live.lines.first();
      if (priority < 0 || !serve(static_cast<std::uint8_t>(priority), *receiver)) break;
    }
    return std::move(out_);
  }

 private:
  using ReceiverEntry = std::map<ReceiverId, Receiver>::iterator;

  // Receivers with demand take turns.
  ReceiverEntry next_receiver() {
    auto& receivers = state_.live.receivers;
    auto it = receivers.upper_bound(state_.live.receiver_last_served);
    for (std::size_t i = 0; i < receivers.size(); ++i, ++it) {
      if (it == receivers.end()) it = receivers.begin();
      if (it->second.demand > 0) return it;
    }
    return receivers.end();
  }

  // Leases the first ticket of a line. Returns false if its body must be read from the log first.
  bool serve(std::uint8_t priority, ReceiverEntry::value_type& receiver) {
    const Candidate candidate = front_of(state_, priority);
    const Sequence sequence = candidate.sequence;
    if (sequence == 0) {
      take_front(state_, priority, candidate);
      return true;
    }
    const Fitness fit = fitness(sequence, *state_.durable.index.find(sequence));
    if (fit == Fitness::lacks_body) {
      out_.needs_bodies = true;
      return false;
    }
    if (fit == Fitness::lacks_state) {
      // A key that is being forgotten becomes known with the record.
      out_.needs_states = !is_forgetting(sequence);
      return false;
    }
    take_front(state_, priority, candidate);
    if (fit == Fitness::waits) {
      put_back(state_, candidate);
    } else if (fit == Fitness::held) {
      hold_key(state_, candidate, expiry_of(sequence));
    } else if (fit == Fitness::gives_up) {
      give_up(candidate.slot, sequence);
    } else if (candidate.slot == no_slot) {
      grant(receiver, no_slot, {sequence});
    } else {
      grant(receiver, candidate.slot, run_from(sequence, receiver.second.demand));
    }
    return true;
  }

  [[nodiscard]] Fitness fitness(Sequence sequence, const Entry& entry) const {
    if (entry.has_schedule) {
      const Schedule& schedule = state_.durable.schedules.find(sequence)->second;
      if (schedule.due_us() > state_.live.now_us) return Fitness::waits;
      if (state_.durable.index.body(sequence) == nullptr) return Fitness::lacks_body;
      if (schedule.expires_at_us != 0 && schedule.expires_at_us <= state_.live.now_us) {
        return Fitness::gives_up;
      }
    }
    if (state_.durable.index.body(sequence) == nullptr) return Fitness::lacks_body;
    if (state_.is_outbox) return Fitness::runs;
    const bool is_spent =
        entry.acquired >= state_.limits.acquired_max || is_poison(state_, sequence, entry);
    if (is_spent) return Fitness::gives_up;
    if (entry.slot != no_slot && state_.durable.pauses &&
        is_key_paused(state_, (*state_.durable.index.body(sequence))->key())) {
      return Fitness::held;
    }
    return has_state(sequence, entry) ? Fitness::runs : Fitness::lacks_state;
  }

  // 0: never.
  [[nodiscard]] TimeUs expiry_of(Sequence sequence) const {
    const auto schedule = state_.durable.schedules.find(sequence);
    return schedule == state_.durable.schedules.end() ? 0 : schedule->second.expires_at_us;
  }

  // Whether the state of the message's key, if it has a key, can be leased with it.
  [[nodiscard]] bool has_state(Sequence sequence, const Entry& entry) const {
    const KeyedStore& keyed = state_.durable.keyed;
    if (entry.slot == no_slot || !keyed.has_stored()) return true;
    return keyed.is_known((*state_.durable.index.body(sequence))->key()) &&
           !is_forgetting(sequence);
  }

  [[nodiscard]] bool is_forgetting(Sequence sequence) const {
    const auto& forgetting = state_.live.forgetting;
    return !forgetting.empty() &&
           forgetting.contains((*state_.durable.index.body(sequence))->key());
  }

  // Consecutive messages of a key from `head`, as many as may be leased together. A message that
  // was acquired before is leased alone, so that a crash of its receiver is attributed to it.
  [[nodiscard]] std::vector<Sequence> run_from(Sequence head, std::uint32_t demand) const {
    std::vector<Sequence> run{head};
    const Entry* entry = state_.durable.index.find(head);
    const std::uint32_t max = std::min(
        {state_.live.permits ? 1 : state_.limits.run_messages, demand,
         state_.limits.in_flight - std::min(state_.live.in_flight, state_.limits.in_flight)});
    std::uint64_t bytes = entry->bytes;
    while (run.size() < max && entry->next() != 0) {
      const Sequence next = entry->next();
      if (!may_run_together(head, *entry, next)) break;
      entry = state_.durable.index.find(next);
      bytes += entry->bytes;
      if (bytes > state_.limits.run_bytes) break;
      run.push_back(next);
    }
    return run;
  }

  // Returns whether `next`, which follows `entry` in the chain, may be in one lease with `head`.
  [[nodiscard]] bool may_run_together(Sequence head, const Entry& entry, Sequence next) const {
    const Entry& following = *state_.durable.index.find(next);
    if (fitness(next, following) != Fitness::runs) return false;
    if (state_.is_outbox) return true;
    if (runs_alone(state_, head, *state_.durable.index.find(head)) ||
        runs_alone(state_, next, following)) {
      return false;
    }
    // Keys with the same hash share a chain, but not a lease, because a lease has one key's state.
    return entry.acquired == 0 && following.acquired == 0 && following.priority == entry.priority &&
           (*state_.durable.index.body(next))->key() == (*state_.durable.index.body(head))->key();
  }

  void grant(ReceiverEntry::value_type& receiver, KeySlot slot, const std::vector<Sequence>& run) {
    Grant grant;
    grant.receiver = receiver.first;
    const DurationUs own_us = receiver.second.lease_us;
    grant.deadline_us = time_after(now_us_, own_us > 0 ? own_us : state_.limits.lease_us);
    grant.lease = begin_lease(state_, receiver.first, slot, run, grant.deadline_us);
    for (const Sequence sequence : run) {
      const Entry& entry = *state_.durable.index.find(sequence);
      grant.messages.push_back({sequence, entry.failed, entry.acquired,
                                *state_.durable.index.body(sequence),
                                !state_.is_outbox && runs_alone(state_, sequence, entry),
                                was_rescheduled(sequence, entry)});
    }
    if (slot != no_slot) {
      grant.state = state_.durable.keyed.use(grant.messages[0].body->key());
    }
    if (state_.live.permits) {
      --*state_.live.permits;
      state_.live.probes.insert(grant.lease);
    }
    receiver.second.demand -= static_cast<std::uint32_t>(run.size());
    state_.live.receiver_last_served = receiver.first;
    out_.grants.push_back(std::move(grant));
  }

  // Its own delay may have been shortened, by a clock that was set back, but never grows.
  [[nodiscard]] bool was_rescheduled(Sequence sequence, const Entry& entry) const {
    return entry.has_schedule && state_.durable.schedules.find(sequence)->second.not_before_us >
                                     (*state_.durable.index.body(sequence))->not_before_us();
  }

  void give_up(KeySlot slot, Sequence sequence) {
    out_.give_up.push_back(begin_lease(state_, nobody, slot, {sequence}, now_us_));
  }

  State& state_;
  SteadyUs now_us_;
  Dispatch out_;
};

}  // namespace

bool may_lease(const State& state) {
  // An outbox that drains goes on leasing: see DrainMessage. An outbox that was a queue before may
  // still count blocked queues, which no longer get its messages.
  const bool stopped = (state.live.draining || state.live.blocked > 0) && !state.is_outbox;
  return !stopped && !is_paused(state) && !state.live.quiesced && !state.live.exhausted &&
         has_room_for_keys(state);
}

ClaimsEnded end_claims(State& state, const Dispatch& dispatched) {
  ClaimsEnded ended;
  const bool is_loading = dispatched.needs_bodies || dispatched.needs_states ||
                          state.live.loading || state.live.loading_states;
  const bool is_ready = may_lease(state) && state.live.lines.first() >= 0 &&
                        (!state.live.breaker_open || state.live.may_probe) &&
                        state.live.in_flight < state.limits.in_flight &&
                        state.live.in_flight_bytes < state.limits.in_flight_bytes;
  for (auto& [id, receiver] : state.live.receivers) {
    if (receiver.claims && receiver.demand == 0) {
      receiver.claims = false;
      ended.all.push_back(id);
    } else if (receiver.claims && !is_loading) {
      receiver.demand = 0;
      receiver.claims = false;
      receiver.awaits = true;
      ended.some.push_back(id);
    } else if (receiver.awaits && !receiver.claims && is_ready) {
      receiver.awaits = false;
      ended.ready.push_back(id);
    }
  }
  return ended;
}

Dispatch dispatch(State& state, Now now) {
  wake_delayed(state, now.wall_us);
  if (!state.live.held.empty()) release_held(state, now.wall_us);
  if (!may_lease(state)) return {};
  // Detects wrong wiring at the start, not at the first dead letter.
  MILLRACE_ASSERT(state.dead_letters != 0 || state.is_outbox || state.live.receivers.empty());
  return Dispatcher(state, now.steady_us).run();
}

std::vector<std::string> wanted_states(const State& state, std::size_t max) {
  std::vector<std::string> wanted;
  // A long line whose keys are known is not looked through again for each message.
  std::size_t left = tickets_per_wanted * max;
  if (!state.durable.keyed.has_stored()) return wanted;
  for (int p = priority_max; p >= 0 && wanted.size() < max && left > 0; --p) {
    const auto priority = static_cast<std::uint8_t>(p);
    state.live.lines.visit(priority, [&](Ticket ticket) {
      if (left == 0) return false;
      --left;
      if (!ticket.is_key()) return true;
      const KeyChain& chain = state.keys[ticket.slot()];
      if (chain.line != priority || chain.head == 0) return true;
      const Body* body = state.durable.index.body(chain.head);
      if (body != nullptr && !state.durable.keyed.is_known((*body)->key())) {
        wanted.push_back((*body)->key());
      }
      return wanted.size() < max;
    });
  }
  return wanted;
}

std::vector<WantedBody> wanted_bodies(const State& state, std::size_t max) {
  std::vector<WantedBody> wanted;
  std::size_t bytes = 0;
  const auto has_room = [&] {
    return wanted.size() < max && bytes < read_bytes_max;
  };
  const auto want = [&](Sequence sequence) {
    const Entry* entry = state.durable.index.find(sequence);
    if (entry != nullptr && entry->status() == Status::waiting &&
        state.durable.index.body(sequence) == nullptr) {
      wanted.push_back({sequence, entry->place, entry->index});
      bytes += entry->bytes;
    }
  };
  for (int p = priority_max; p >= 0 && has_room(); --p) {
    const auto priority = static_cast<std::uint8_t>(p);
    state.live.lines.visit(priority, [&](Ticket ticket) {
      if (!ticket.is_key()) {
        want(ticket.sequence());
      } else if (const KeyChain& chain = state.keys[ticket.slot()]; chain.line == priority) {
        Sequence sequence = chain.head;
        for (std::uint32_t i = 0; i < state.limits.run_messages && sequence != 0 && has_room();
             ++i) {
          want(sequence);
          sequence = state.durable.index.find(sequence)->next();
        }
      }
      return has_room();
    });
  }
  std::sort(wanted.begin(), wanted.end(),
            [](const WantedBody& a, const WantedBody& b) { return a.place < b.place; });
  return wanted;
}

}  // namespace millrace::queues
