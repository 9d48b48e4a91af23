#include "tests/queue/random/queue_model.hpp"

#include <algorithm>
#include <sstream>

#include <gtest/gtest.h>

namespace millrace::queues {

void ModelQueue::note_time(TimeUs at_us, DurationUs stepped_us) {
  record_us = at_us;
  const bool was_set_back = at_us < latest_us - 1'000'000;
  latest_us = was_set_back ? at_us : std::max(latest_us, at_us);
  const auto each_use = [this](auto act) {
    for (auto& [key, used_us] : idempotency_keys) act(used_us);
    for (auto& [key, used_us] : idempotency_uses) act(used_us);
  };
  each_use([=](TimeUs& used_us) {
    if (was_set_back) used_us = std::min(used_us, at_us);
    used_us += stepped_us;
  });
  if (!was_set_back) return;
  for (auto& [sequence, message] : messages) {
    message.not_before_us = std::min(message.not_before_us, at_us + message.delay_us);
  }
  for (auto& [name, timer] : timers) timer.due_us = std::min(timer.due_us, at_us + timer.after_us);
}

void ModelQueue::use_idempotency_key(const std::string& key, DurationUs window_us) {
  idempotency_keys[key] = record_us;
  idempotency_uses.emplace_back(key, record_us);
  while (idempotency_uses.front().second < record_us - window_us) {
    const auto& [oldest, used_us] = idempotency_uses.front();
    if (idempotency_keys[oldest] == used_us) idempotency_keys.erase(oldest);
    idempotency_uses.pop_front();
  }
}

void ModelQueue::append(const ModelMessage& message) {
  ModelMessage& own = messages[++last] = message;
  if (own.delay_us == 0) own.delay_us = std::max<DurationUs>(own.not_before_us - record_us, 0);
  own.not_before_us = std::min(own.not_before_us, record_us + own.delay_us);
  ++ledger.offered;
}

void ModelQueue::set_timer(const TimerName& name, ModelTimer timer) {
  timer.due_us = std::min(timer.due_us, record_us + timer.after_us);
  timers[name] = std::move(timer);
}

ModelMessage ModelQueue::take(Sequence sequence) {
  const auto it = messages.find(sequence);
  EXPECT_NE(it, messages.end()) << "message " << sequence << " is settled twice";
  if (it == messages.end()) return {};
  ModelMessage message = it->second;
  messages.erase(it);
  acquired.erase(sequence);
  return message;
}

void ModelQueue::crash() {
  coming_producers.clear();
  coming_idempotency_keys.clear();
  coming_timers.clear();
  coming_messages = 0;
  leases.clear();
  acquired.clear();
}

std::optional<ModelProducer> ModelQueue::producer(const std::string& name) const {
  if (const auto it = coming_producers.find(name); it != coming_producers.end()) return it->second;
  if (const auto it = producers.find(name); it != producers.end()) return it->second;
  return std::nullopt;
}

bool ModelQueue::is_held(Sequence sequence) const {
  return std::any_of(leases.begin(), leases.end(), [&](const auto& lease) {
    const auto& run = lease.second.run;
    return std::find(run.begin(), run.end(), sequence) != run.end();
  });
}

bool ModelQueue::is_key_held(const std::string& key) const {
  return std::any_of(leases.begin(), leases.end(),
                     [&](const auto& lease) { return lease.second.key == key; });
}

bool ModelQueue::is_oldest_of_key(Sequence sequence) const {
  const std::string& key = messages.at(sequence).key;
  return std::none_of(messages.begin(), messages.find(sequence),
                      [&](const auto& older) { return older.second.key == key; });
}

namespace {

void compare_messages(std::ostream& out, const ModelQueue& model, const State& state) {
  state.durable.index.for_each([&](Sequence sequence, const Entry& entry) {
    const auto it = model.messages.find(sequence);
    if (it == model.messages.end()) {
      out << "message " << sequence << " should be gone\n";
    } else if (entry.failed != it->second.failed || entry.priority != it->second.priority) {
      out << "message " << sequence << " failed " << entry.failed << " priority "
          << int{entry.priority} << ", should be " << it->second.failed << ' '
          << it->second.priority << '\n';
    }
  });
  for (const auto& [sequence, message] : model.messages) {
    if (state.durable.index.find(sequence) == nullptr) {
      out << "message " << sequence << " (" << message.payload << ") is lost\n";
    }
  }
}

void compare_keyed(std::ostream& out, const ModelQueue& model, const State& state) {
  const KeyedStore& keyed = state.durable.keyed;
  for (const auto& [key, value] : model.values) {
    const KeyState* found = keyed.find(key);
    if (found == nullptr || !found->value || *found->value != value) {
      out << "state of " << key << " is not " << value << '\n';
    }
  }
  for (const auto& [key, found] : keyed.keys()) {
    if (found.value && !model.values.contains(key)) out << "state of " << key << " is too many\n";
    std::vector<std::string> history;
    for (const pb::HistoryEntry& entry : KeyedStore::parse_history(found.history)) {
      history.push_back(entry.value());
    }
    const auto it = model.histories.find(key);
    const bool equal = it == model.histories.end() ? history.empty() : history == it->second;
    if (!equal) out << "history of " << key << " differs\n";
  }
  std::map<TimerName, TimeUs> timers;
  for (const auto& [id, timer] : keyed.timers()) timers[{timer.key, timer.name}] = id.first;
  if (timers.size() != keyed.timers().size()) out << "a timer exists twice\n";
  for (const auto& [name, timer] : model.timers) {
    if (!timers.contains(name) || timers.at(name) != timer.due_us) {
      out << "timer " << name.first << '/' << name.second << " is lost or due at another time\n";
    }
  }
  if (timers.size() > model.timers.size()) out << "timers that should be gone\n";
}

}  // namespace

std::string differences(const ModelQueue& model, const State& state) {
  std::ostringstream out;
  compare_messages(out, model, state);
  compare_keyed(out, model, state);
  const Ledger& is = state.durable.ledger;
  const Ledger& should = model.ledger;
  if (!(is == should)) {
    out << "ledger offered " << is.offered << '/' << should.offered << " acked " << is.acked << '/'
        << should.acked << " dead " << is.dead << '/' << should.dead << " dropped " << is.dropped
        << '/' << should.dropped << " duplicates " << is.duplicates << '/' << should.duplicates
        << " redelivered " << is.redelivered << '/' << should.redelivered << '\n';
  }
  for (const auto& [name, producer] : model.producers) {
    const Producer* found = state.durable.dedup.find(name);
    if (found == nullptr || found->epoch != producer.epoch || found->last != producer.last) {
      out << "producer " << name << " is not of epoch " << producer.epoch << " at " << producer.last
          << '\n';
    }
  }
  if (state.durable.dedup.producers().size() != model.producers.size()) {
    out << "producers that should be forgotten\n";
  }
  return out.str().empty() ? "" : state.name + ": " + out.str();
}

}  // namespace millrace::queues
