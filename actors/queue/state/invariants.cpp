#include "actors/queue/state/invariants.hpp"

#include <array>
#include <optional>
#include <set>
#include <utility>

#include "actors/base/assert.hpp"
#include "actors/queue/state/backlog.hpp"

namespace millrace::queues {
namespace {

using Violation = std::optional<std::string>;

Violation violates(const char* invariant, const std::string& difference) {
  return std::string(invariant) + ": " + difference;
}

Violation differ(const char* invariant, const char* what, std::uint64_t is,
                 std::uint64_t expected) {
  if (is == expected) return std::nullopt;
  return violates(invariant, std::string(what) + " is " + std::to_string(is) + ", expected " +
                                 std::to_string(expected));
}

std::string message(Sequence sequence) {
  return "message " + std::to_string(sequence);
}

class Check {
 public:
  explicit Check(const State& state) : state_(state) {}

  Violation run() {
    using Part = Violation (Check::*)();
    constexpr std::array<Part, 12> parts{&Check::messages,  &Check::counters,   &Check::ledger,
                                         &Check::delayed,   &Check::leases,     &Check::chains,
                                         &Check::lines,     &Check::outbox,     &Check::keyed,
                                         &Check::proposals, &Check::move_state, &Check::topics};
    for (const Part part : parts) {
      if (Violation violation = (this->*part)()) return violation;
    }
    return std::nullopt;
  }

 private:
  // Totals over the index, used by the other checks.
  struct Totals {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    std::uint64_t cached = 0;
    std::uint64_t cached_bytes = 0;
    std::uint64_t schedules = 0;
    std::uint64_t failures = 0;
    std::uint64_t delayed = 0;
    std::uint64_t leased = 0;  // or settling
    std::uint64_t keyed = 0;
    Sequence last = 0;
  };

  // Schedules and failures belong to live messages, as the flags of their entries say.
  Violation messages() {
    Violation violation;
    durable_.index.visit_from(0, [&](Sequence sequence, const Entry& entry) {
      add_to_totals(sequence, entry);
      if (durable_.schedules.contains(sequence) != entry.has_schedule) {
        violation = violates("schedule", message(sequence) + ": has_schedule and table differ");
      } else if (durable_.failures.contains(sequence) != entry.has_failure) {
        violation = violates("failure", message(sequence) + ": has_failure and table differ");
      }
      return !violation;
    });
    if (violation) return violation;
    if (auto v = differ("schedule", "size", durable_.schedules.size(), totals_.schedules)) return v;
    return differ("failure", "size", durable_.failures.size(), totals_.failures);
  }

  void add_to_totals(Sequence sequence, const Entry& entry) {
    ++totals_.messages;
    totals_.bytes += entry.bytes;
    if (durable_.index.body(sequence) != nullptr) {
      ++totals_.cached;
      totals_.cached_bytes += entry.bytes + body_overhead;
    }
    totals_.schedules += entry.has_schedule ? 1u : 0u;
    totals_.failures += entry.has_failure ? 1u : 0u;
    totals_.delayed += entry.status() == Status::delayed ? 1u : 0u;
    totals_.leased += is_leased(entry) ? 1u : 0u;
    totals_.keyed += entry.slot != no_slot ? 1u : 0u;
    totals_.last = sequence;
  }

  static bool is_leased(const Entry& entry) {
    return entry.status() == Status::leased || entry.status() == Status::settling;
  }

  Violation counters() {
    const MessageIndex& index = durable_.index;
    if (auto v = differ("index", "size", index.size(), totals_.messages)) return v;
    if (auto v = differ("index", "bytes", index.bytes(), totals_.bytes)) return v;
    if (auto v = differ("cache", "bodies", index.cached(), totals_.cached)) return v;
    if (auto v = differ("cache", "bytes", index.cached_bytes(), totals_.cached_bytes)) return v;
    if (totals_.last > durable_.last) {
      return violates("last", message(totals_.last) + " is beyond the last number " +
                                  std::to_string(durable_.last));
    }
    return std::nullopt;
  }

  Violation ledger() {
    // A staged queue has the counts of its source from the first part, its messages from later ones.
    if (state_.declaration && state_.declaration->staged()) return std::nullopt;
    const Ledger& ledger = durable_.ledger;
    return differ("ledger", "acked + dead + dropped + live",
                  ledger.acked + ledger.dead + ledger.dropped + totals_.messages, ledger.offered);
  }

  Violation delayed() {
    for (const auto& [due_us, sequence] : live_.delayed) {
      const Entry* entry = durable_.index.find(sequence);
      if (entry == nullptr || entry->status() != Status::delayed) {
        return violates("delayed", message(sequence) + " is in the table, but not delayed");
      }
      const auto schedule = durable_.schedules.find(sequence);
      if (schedule == durable_.schedules.end() || schedule->second.due_us() != due_us) {
        return violates("delayed", message(sequence) + " has another time in its schedule");
      }
      if (entry->slot == no_slot) continue;
      const KeyChain& chain = state_.keys[entry->slot];
      if (chain.head != sequence || !chain.busy) {
        return violates("delayed", message(sequence) + " is not the head of a busy key");
      }
    }
    return differ("delayed", "size", live_.delayed.size(), totals_.delayed);
  }

  Violation leases() {
    std::uint64_t run_messages = 0;
    std::uint64_t run_bytes = 0;
    std::uint64_t live_messages = 0;
    std::uint64_t deadlines = 0;
    std::set<Sequence> seen;
    for (const auto& [id, lease] : live_.leases) {
      const std::string name = "lease " + std::to_string(id);
      if (id > live_.lease_last) return violates("lease", name + " is beyond the last lease");
      if (lease.begun && lease.run.size() != 1) {
        return violates("lease", name + " of several messages is begun");
      }
      if (lease.slot != no_slot) {
        if (!leased_slots_.insert(lease.slot).second) {
          return violates("lease", name + " holds a key that another lease holds");
        }
        if (!state_.keys.contains(lease.slot) || !state_.keys[lease.slot].busy) {
          return violates("lease", name + " holds a key that is not busy");
        }
      }
      if (live_.deadlines.contains({lease.deadline_us, id}) == lease.settling) {
        return violates("deadline", name + ": a deadline is kept exactly until it is settling");
      }
      deadlines += lease.settling ? 0u : 1u;
      run_messages += lease.run.size();
      run_bytes += lease.bytes;
      for (const Sequence sequence : lease.run) {
        const Entry* entry = durable_.index.find(sequence);
        if (entry == nullptr) continue;
        ++live_messages;
        if (!seen.insert(sequence).second) {
          return violates("lease", message(sequence) + " is in two places of runs");
        }
        if (entry->status() != (lease.settling ? Status::settling : Status::leased)) {
          return violates("lease", message(sequence) + " has not the status of its " + name);
        }
        if (entry->slot != lease.slot) {
          return violates("lease", message(sequence) + " is of another key than its " + name);
        }
      }
    }
    if (auto v = differ("lease", "leased messages in runs", live_messages, totals_.leased))
      return v;
    if (auto v = differ("deadline", "size", live_.deadlines.size(), deadlines)) return v;
    if (auto v = differ("in flight", "bytes", live_.in_flight_bytes, run_bytes)) return v;
    return differ("in flight", "count", live_.in_flight, run_messages);
  }

  // Each keyed message is in the chain of its slot, in ascending order.
  Violation chains() {
    Violation violation;
    std::uint64_t chained = 0;
    state_.keys.for_each([&](KeySlot slot, const KeyChain& chain) {
      if (!violation) violation = check_chain(slot, chain, chained);
    });
    if (violation) return violation;
    for (const auto& [slot, look_us] : live_.held) {
      if (!state_.keys.contains(slot)) return violates("held", "the key is gone");
    }
    return differ("chain", "messages in chains", chained, totals_.keyed);
  }

  Violation check_chain(KeySlot slot, const KeyChain& chain, std::uint64_t& chained) {
    const std::string name = "slot " + std::to_string(slot);
    Sequence last = 0;
    for (Sequence at = chain.head; at != 0; ++chained) {
      const Entry* entry = durable_.index.find(at);
      if (entry == nullptr) return violates("chain", name + ": " + message(at) + " is not live");
      if (entry->slot != slot) return violates("chain", message(at) + " has another slot");
      if (at <= last) return violates("chain", name + ": " + message(at) + " is out of order");
      if (entry->status() == Status::delayed && at != chain.head) {
        return violates("chain", message(at) + " is delayed, but not the head of its key");
      }
      last = at;
      at = entry->next();
    }
    if (auto v = differ("chain", "tail", chain.tail, last)) return v;
    const Entry* head = chain.head == 0 ? nullptr : durable_.index.find(chain.head);
    const bool is_leased = leased_slots_.contains(slot);
    const bool is_delayed = head != nullptr && head->status() == Status::delayed;
    const bool is_held = live_.held.contains(slot);
    if (chain.busy != (is_leased || is_delayed || is_held)) {
      return violates("busy", name + ": busy differs from being leased, delayed or held");
    }
    if (is_held && (is_leased || is_delayed || head == nullptr)) {
      return violates("held", name + " is leased, delayed or empty as well");
    }
    if (chain.busy && chain.line != no_line) return violates("busy", name + " is in a line");
    if (!chain.busy && chain.line == no_line) {
      return violates("line", name + " is neither busy nor in a line");
    }
    if (!chain.busy && head != nullptr && chain.line != head->priority) {
      return violates("line", name + " is not in the line of its head's priority");
    }
    return std::nullopt;
  }

  // A message that may be leased next has a ticket. Tickets of others may be left: they are stale.
  Violation lines() {
    std::set<std::pair<std::uint8_t, KeySlot>> keys;
    std::set<std::pair<std::uint8_t, Sequence>> messages;
    for (std::uint8_t priority = 0; priority <= priority_max; ++priority) {
      live_.lines.visit(priority, [&](Ticket ticket) {
        if (ticket.is_key()) {
          keys.emplace(priority, ticket.slot());
        } else {
          messages.emplace(priority, ticket.sequence());
        }
        return true;
      });
    }
    Violation violation;
    state_.keys.for_each([&](KeySlot slot, const KeyChain& chain) {
      if (chain.line != no_line && !keys.contains({chain.line, slot})) {
        violation = violates("ticket", "slot " + std::to_string(slot) + " has no ticket");
      }
    });
    durable_.index.visit_from(0, [&](Sequence sequence, const Entry& entry) {
      if (entry.slot == no_slot && entry.status() == Status::waiting &&
          !messages.contains({entry.priority, sequence})) {
        violation = violates("ticket", message(sequence) + " has no ticket");
      }
      return !violation;
    });
    return violation;
  }

  Violation outbox() {
    if (!state_.is_outbox) return std::nullopt;
    if (auto v = differ("outbox", "messages with key", totals_.keyed, totals_.messages)) return v;
    if (state_.keys.size() > 1) return violates("outbox", "there is more than one chain");
    return std::nullopt;
  }

  // The table by due time and the timers of the keys hold the same timers.
  Violation keyed() {
    const KeyedStore& keyed = durable_.keyed;
    std::uint64_t timers = 0;
    for (const auto& [key, key_state] : keyed.keys()) {
      for (const TimerId& id : key_state.timers) {
        const auto timer = keyed.timers().find(id);
        if (timer == keyed.timers().end() || timer->second.key != key) {
          return violates("timer", "a key has a timer that is not in the table");
        }
        ++timers;
      }
    }
    if (auto v = differ("timer", "timers of keys", timers, keyed.timers().size())) return v;
    std::uint64_t settling = 0;
    if (!live_.settling_timers.empty()) {
      for (const auto& [id, timer] : keyed.timers()) {
        settling += live_.settling_timers.contains(id.second) ? 1u : 0u;
      }
    }
    if (settling != live_.settling_timers.size()) {
      return violates("settling timer", "the timer is not in the table");
    }
    return std::nullopt;
  }

  // Proposed numbers are not behind the durable ones, and exist only while a record is in flight.
  Violation proposals() {
    for (const auto& [name, proposed] : live_.proposed) {
      if (proposed.records == 0) return violates("proposed", name + " has no record in flight");
      const Producer* producer = durable_.dedup.find(name);
      if (producer == nullptr) continue;
      if (proposed.is_rebased) continue;
      if (proposed.epoch < producer->epoch || proposed.last < producer->last) {
        return violates("proposed", name + " is behind what is durable");
      }
    }
    if (!live_.proposed.empty() || !live_.proposed_batches.empty()) return std::nullopt;
    if (auto v = differ("proposed", "messages", live_.proposed_messages, 0)) return v;
    if (auto v = differ("proposed", "bytes", live_.proposed_bytes, 0)) return v;
    return differ("proposed", "idempotency keys", live_.proposed_keys.size(), 0);
  }

  Violation move_state() {
    if (live_.sealed && !live_.quiesced) return violates("sealed", "the queue is not quiesced");
    return std::nullopt;
  }

  // The batches of the topics are the live messages, each once; records are dense.
  Violation topics() {
    if (!state_.keeps_topics()) {
      return differ("topic", "topics of another queue", durable_.topics.size(), 0);
    }
    std::set<Sequence> seen;
    for (const auto& [name, topic] : durable_.topics) {
      std::uint64_t bytes = 0;
      std::int64_t expected =
          topic.batches.empty() ? topic.next : topic.batches.front().base_offset;
      for (const TopicBatch& batch : topic.batches) {
        if (batch.base_offset != expected || batch.count == 0) {
          return violates("topic",
                          name + " has a gap before offset " + std::to_string(batch.base_offset));
        }
        if (!seen.insert(batch.sequence).second) {
          return violates("topic", message(batch.sequence) + " is in two batches");
        }
        expected = batch.end();
        bytes += batch.bytes;
      }
      if (expected != topic.next || topic.start > topic.next) {
        return violates("topic", name + " ends at " + std::to_string(expected) + ", not at " +
                                     std::to_string(topic.next));
      }
      if (auto v = differ("topic", "bytes", topic.bytes, bytes)) return v;
    }
    if (state_.declaration->staged()) return std::nullopt;
    for (const Sequence sequence : seen) {
      if (durable_.index.find(sequence) == nullptr) {
        return violates("topic", message(sequence) + " is not live");
      }
    }
    return differ("topic", "batches", seen.size(), totals_.messages);
  }

  const State& state_;
  const Durable& durable_ = state_.durable;
  const Volatile& live_ = state_.live;
  Totals totals_;
  std::set<KeySlot> leased_slots_;
};

}  // namespace

std::string check_invariants(const State& state) {
  const Violation violation = Check(state).run();
  return violation ? state.name + ": " + *violation : std::string();
}

void InvariantMonitor::check(const State& state) {
  constexpr std::uint64_t entries_per_change = 32;
  changes_left_ = (state.durable.index.size() + state.keys.size() +
                   state.durable.keyed.keys().size() + state.durable.keyed.timers().size()) /
                  entries_per_change;
  const std::string violation = check_invariants(state);
  if (violation.empty()) return;
  if (on_violation_) {
    on_violation_(violation);
    return;
  }
  assertion_failed(violation.c_str(), __FILE__, __LINE__, __func__);
}

}  // namespace millrace::queues
