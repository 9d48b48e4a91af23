#include "tests/queue/random/queue_world.hpp"

#include <algorithm>
#include <set>
#include <sstream>
#include <utility>

#include <gtest/gtest.h>

#include "actors/queue/snapshot/topic_snapshot.hpp"
#include "actors/queue/state/body.hpp"

namespace millrace::queues {

QueueWorld::QueueWorld(std::map<QueueNumber, QueueSetup> setups) : setups_(std::move(setups)) {
  queues_ = fresh();
}

QueueWorld::Queues QueueWorld::fresh() const {
  Queues queues;
  for (const auto& [number, setup] : setups_) {
    auto state = std::make_unique<State>();
    pb::Declaration declaration;
    declaration.set_number(number);
    declaration.set_name(setup.name);
    declaration.set_topics(setup.keeps_topics);
    declare(*state, declaration);
    state->dead_letters = setup.dead_letters;
    state->limits = setup.limits;
    queues.emplace(number, std::move(state));
  }
  return queues;
}

std::shared_ptr<const pb::Record> QueueWorld::send(QueueNumber number, Decision decision,
                                                   OnCommit on_commit) {
  if (!decision.record) return nullptr;
  propose(queue(number), decision);
  in_flight_.push_back({number, decision.record->SerializeAsString(), std::move(decision.pending),
                        std::move(on_commit)});
  expect_intact();
  return std::move(decision.record);
}

void QueueWorld::expect_intact() {
  for (const auto& [number, state] : queues_) {
    monitors_.try_emplace(number, [](const std::string& violation) { ADD_FAILURE() << violation; })
        .first->second.changed(*state);
  }
}

AttachDecision QueueWorld::attach(QueueNumber number, const AttachRequest& request,
                                  OnCommit on_commit) {
  look(number);
  AttachDecision decided = decide(queue(number), request, now());
  send(number, std::move(decided.decision), std::move(on_commit));
  return decided;
}

OfferDecision QueueWorld::offer(QueueNumber number, const Offer& offer, Room room,
                                OnCommit on_commit) {
  look(number);
  OfferDecision decided = decide(queue(number), offer, room, now());
  send(number, std::move(decided.decision), std::move(on_commit));
  return decided;
}

CompleteDecision QueueWorld::complete(QueueNumber number, Complete complete, OnCommit on_commit) {
  CompleteDecision decided = decide(queue(number), complete, time());
  send(number, std::move(decided.decision), std::move(on_commit));
  return decided;
}

void QueueWorld::demand(QueueNumber number, ReceiverId receiver, std::uint32_t messages) {
  queue(number).live.receivers[receiver].demand += messages;
}

std::vector<Grant> QueueWorld::dispatch(QueueNumber number) {
  std::vector<Grant> grants;
  while (true) {
    Dispatch dispatched = queues::dispatch(queue(number), time());
    std::vector<OnCommit> on_commit;
    for (const LeaseId id : dispatched.give_up) {
      if (!on_give_up) break;
      on_commit.push_back(on_give_up(number, id, queue(number).live.leases.at(id).run.front()));
    }
    std::move(dispatched.grants.begin(), dispatched.grants.end(), std::back_inserter(grants));
    send(number, decide_give_up(queue(number), dispatched.give_up, now()), [on_commit] {
      for (const OnCommit& run : on_commit) run();
    });
    expect_intact();
    if (!dispatched.needs_bodies) return grants;
    MILLRACE_ASSERT(load_bodies(number));
  }
}

bool QueueWorld::load_bodies(QueueNumber number, std::size_t max) {
  const auto wanted = wanted_bodies(queue(number), max);
  for (const WantedBody& body : wanted) {
    queue(number).durable.index.set_body(body.sequence, read_body(number, body.place, body.index));
  }
  return !wanted.empty();
}

Body QueueWorld::read_body(QueueNumber number, logs::Place place, std::uint32_t index) const {
  MILLRACE_ASSERT(!is_released(place));
  const auto& record = log_.at(logs::offset_of(place));
  for (const pb::Change& change : record->change()) {
    if (change.queue() != number) continue;
    return std::make_shared<const pb::Envelope>(*envelope_at(change, index));
  }
  return {};
}

void QueueWorld::apply_to(Queues& queues, std::size_t index) const {
  const CommittedRecord committed_record{log_[index], place_of(index), log_[index]->ByteSizeLong(),
                                         index + 1};
  for (const pb::Change& change : log_[index]->change()) {
    apply(*queues.at(change.queue()), committed_record, change);
  }
}

void QueueWorld::release() {
  first_segment_ = segment();
  for (const auto& [number, state] : queues_) {
    state->durable.index.for_each([this](Sequence, const Entry& entry) {
      first_segment_ = std::min(first_segment_, logs::segment_of(entry.place));
    });
  }
}

void QueueWorld::commit(std::size_t count) {
  for (; count > 0 && !in_flight_.empty(); --count) {
    InFlight first = std::move(in_flight_.front());
    in_flight_.pop_front();
    auto record = std::make_shared<pb::Record>();
    MILLRACE_ASSERT(record->ParseFromString(first.bytes));
    log_.push_back(std::move(record));
    apply_to(queues_, log_.size() - 1);
    note_applied();
    committed(queue(first.queue), first.pending);
    expect_intact();
    if (first.on_commit) first.on_commit();
  }
}

void QueueWorld::append(pb::Record record) {
  log_.push_back(std::make_shared<const pb::Record>(std::move(record)));
  apply_to(queues_, log_.size() - 1);
  note_applied();
  expect_intact();
}

void QueueWorld::note_applied() const {
  for (const pb::Change& change : log_.back()->change()) {
    if (on_apply) on_apply(*log_.back(), change);
  }
}

void QueueWorld::look(QueueNumber number) {
  Now& seen = seen_.try_emplace(number, time()).first->second;
  send(number, decide_step(queue(number), std::exchange(seen, time()), time()));
}

Checkpoint QueueWorld::checkpoint() const {
  Checkpoint out;
  out.log_size = log_.size();
  for (const auto& [number, state] : queues_) {
    auto& parts = out.parts[number];
    write_snapshot(*state, [&parts](std::string part) { parts.push_back(std::move(part)); });
  }
  return out;
}

// A replay runs under other limits than the decisions did: the configuration may have changed, and
// a node learns the limits of a queue only after recovery.
QueueWorld::Queues QueueWorld::replayed(const Checkpoint* from) const {
  Queues queues = fresh();
  for (auto& [number, state] : queues) {
    state->limits = {.backlog_messages = 1,
                     .backlog_bytes = 1,
                     .body_cache_bytes = state->limits.body_cache_bytes,
                     .in_flight = 1,
                     .run_messages = 1,
                     .run_bytes = 1,
                     .lease_us = 1,
                     .failed_max = 0,
                     .acquired_max = 1,
                     .retry_first_us = 0,
                     .retry_max_us = 0,
                     .idempotency_keys = 0,
                     .idempotency_window_us = 0,
                     .producer_idle_us = 0};
  }
  if (from != nullptr) {
    for (const auto& [number, parts] : from->parts) {
      for (const std::string& bytes : parts) {
        pb::SnapshotPart part;
        MILLRACE_ASSERT(part.ParseFromString(bytes));
        MILLRACE_ASSERT(read_snapshot(*queues.at(number), part).has_value());
      }
    }
  }
  for (std::size_t i = from == nullptr ? 0 : from->log_size; i < log_.size(); ++i) {
    apply_to(queues, i);
  }
  for (auto& [number, state] : queues) {
    const Limits& limits = setups_.at(number).limits;
    state->limits = state->is_outbox ? as_outbox(limits) : limits;
  }
  return queues;
}

void QueueWorld::crash(const Checkpoint* from) {
  in_flight_.clear();
  seen_.clear();
  queues_ = replayed(from);
  expect_intact();
}

namespace {

void write_messages(std::ostream& out, const State& state, bool with_places) {
  const Durable& durable = state.durable;
  durable.index.for_each([&](Sequence sequence, const Entry& entry) {
    out << "message " << sequence;
    if (with_places) {
      out << " at " << static_cast<std::uint64_t>(entry.place) << '/' << entry.index;
    }
    out << " bytes " << entry.bytes << " priority " << int{entry.priority} << " failed "
        << entry.failed << " key " << (entry.slot == no_slot ? 0 : state.keys[entry.slot].hash);
    if (const auto it = durable.schedules.find(sequence); it != durable.schedules.end()) {
      out << " not_before " << it->second.not_before_us << " expires " << it->second.expires_at_us
          << " delay " << it->second.delay_us;
    }
    if (const auto it = durable.failures.find(sequence); it != durable.failures.end()) {
      out << " failures " << it->second.first_at_us << ".." << it->second.last_at_us << " overran "
          << it->second.overran << " deaths " << it->second.deaths << ' ' << it->second.own_deaths
          << ' ' << it->second.runs_alone;
    }
    out << '\n';
  });
}

void write_keyed(std::ostream& out, const KeyedStore& keyed) {
  std::set<std::string> lines;
  for (const auto& [key, state] : keyed.keys()) {
    std::ostringstream line;
    line << "state " << key << " = " << (state.value ? *state.value : "none") << " history";
    for (const pb::HistoryEntry& entry : KeyedStore::parse_history(state.history)) {
      line << ' ' << entry.input() << '@' << entry.at_us() << ':' << entry.value();
    }
    line << " timers " << state.timers.size();
    lines.insert(line.str());
  }
  for (const std::string& line : lines) out << line << '\n';
  for (const auto& [id, timer] : keyed.timers()) {
    out << "timer " << id.first << " after " << timer.after_us << ' ' << timer.key << '/'
        << timer.name << ' ' << timer.envelope.ShortDebugString() << '\n';
  }
}

}  // namespace

std::string durable_text(const State& state, bool with_places) {
  std::ostringstream out;
  const Ledger& ledger = state.durable.ledger;
  out << state.name << " at " << state.durable.at_us << " last " << state.durable.last
      << " offered " << ledger.offered << " acked " << ledger.acked << " dead " << ledger.dead
      << " dropped " << ledger.dropped << " duplicates " << ledger.duplicates << " redelivered "
      << ledger.redelivered << '\n';
  if (state.durable.pauses) {
    state.durable.pauses->for_each([&out](const std::string& key, const Pause& pause) {
      out << "paused '" << key << "' since " << pause.since_us << " until " << pause.until_us
          << " for " << pause.for_us << ' ' << pause.reason << " by " << pause.by << '\n';
    });
  }
  out << "breaker " << state.durable.breaker_open_since_us << '\n';
  write_messages(out, state, with_places);
  write_keyed(out, state.durable.keyed);
  std::set<std::string> producers;
  for (const auto& [name, producer] : state.durable.dedup.producers()) {
    producers.insert("producer " + name + " epoch " + std::to_string(producer.epoch) + " last " +
                     std::to_string(producer.last) + " at " +
                     std::to_string(producer.active_at_us));
  }
  for (const std::string& line : producers) out << line << '\n';
  write_topics(state.durable.topics, {.entries = 3}, [&out](const std::string& part) {
    pb::SnapshotPart topic;
    topic.ParseFromString(part);
    out << topic.ShortDebugString() << '\n';
  });
  for (const auto& key : state.durable.dedup.idempotency_keys()) {
    out << "idempotency key " << key.id.high << ' ' << key.id.low << '@' << key.at_us << " of "
        << key.payload << '\n';
  }
  return out.str();
}

}  // namespace millrace::queues
