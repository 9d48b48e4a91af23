#include <gtest/gtest.h>

#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/random/random_driver.hpp"

namespace millrace::queues {

using Kind = StageResult::Kind;

void RandomDriver::dispatch(QueueNumber number) {
  for (ReceiverId receiver = 1; receiver <= 3; ++receiver) {
    if (chance(50)) world_->demand(number, receiver, static_cast<std::uint32_t>(pick(6)));
  }
  for (const Grant& grant : world_->dispatch(number)) check_grant(number, grant);
}

// Whether the message could be leased now, were there demand.
bool RandomDriver::is_eligible(QueueNumber number, Sequence sequence) {
  ModelQueue& model = models_[number];
  const State& state = world_->queue(number);
  const ModelMessage& message = model.messages.at(sequence);
  if (message.not_before_us > state.live.now_us) return false;
  if (message.expires_at_us != 0 && message.expires_at_us <= state.live.now_us) return false;
  if (model.acquired[sequence] >= state.limits.acquired_max) return false;
  if (model.paused.contains("")) return false;
  if (!message.key.empty() && model.paused.contains(message.key)) return false;
  if (message.key.empty()) return !model.is_held(sequence);
  return !model.is_key_held(message.key) && model.is_oldest_of_key(sequence);
}

// No message of a higher priority, and no older one without key, may wait while this one goes.
void RandomDriver::check_turn(QueueNumber number, Sequence sequence) {
  ModelQueue& model = models_[number];
  const ModelMessage& chosen = model.messages.at(sequence);
  EXPECT_TRUE(is_eligible(number, sequence)) << "message " << sequence << " may not run";
  for (const auto& [other, message] : model.messages) {
    if (other == sequence || !is_eligible(number, other)) continue;
    const Entry& waits = *world_->queue(number).durable.index.find(other);
    EXPECT_LE(message.priority, chosen.priority)
        << other << " should go before " << sequence << "; its status is "
        << static_cast<int>(waits.status()) << ", failed " << waits.failed;
    if (message.key.empty() && chosen.key.empty() && message.priority == chosen.priority) {
      EXPECT_GT(other, sequence) << other << " without key should go before " << sequence;
    }
  }
}

void RandomDriver::check_grant(QueueNumber number, const Grant& grant) {
  ModelQueue& model = models_[number];
  const State& state = world_->queue(number);
  ASSERT_FALSE(grant.messages.empty());
  ASSERT_LE(grant.messages.size(), state.limits.run_messages);
  check_turn(number, grant.messages[0].sequence);

  ModelLease lease{grant.receiver, {}, {}, grant.deadline_us};
  lease.key = model.messages.at(grant.messages[0].sequence).key;
  auto expected = model.messages.find(grant.messages[0].sequence);
  for (const GrantedMessage& granted : grant.messages) {
    ASSERT_TRUE(expected != model.messages.end() && expected->first == granted.sequence)
        << "a run skips a message of its key";
    const ModelMessage& message = expected->second;
    EXPECT_EQ(granted.body->payload(), message.payload);
    EXPECT_EQ(granted.body->key(), lease.key);
    EXPECT_EQ(granted.failed, message.failed);
    EXPECT_LE(message.not_before_us, state.live.now_us);
    EXPECT_EQ(granted.acquired, ++model.acquired[granted.sequence]);
    lease.run.push_back(granted.sequence);
    do ++expected;
    while (expected != model.messages.end() && expected->second.key != lease.key);
  }
  if (lease.key.empty()) {
    EXPECT_EQ(grant.messages.size(), 1u);
  } else if (const auto value = model.values.find(lease.key); value != model.values.end()) {
    ASSERT_NE(grant.state, nullptr);
    EXPECT_EQ(*grant.state, value->second);
  } else {
    EXPECT_EQ(grant.state, nullptr);
  }
  model.leases.emplace(grant.lease, lease);
}

void RandomDriver::kill(QueueNumber number, Sequence sequence) {
  ModelMessage message = models_[number].take(sequence);
  ++models_[number].ledger.dead;
  message.failed = message.overran = 0;
  message.not_before_us = message.expires_at_us = message.delay_us = 0;
  message.origin = number;
  models_[dead].append(message);
}

// The world has decided to give this message up, and sends that on its way after the call.
QueueWorld::OnCommit RandomDriver::give_up(QueueNumber number, LeaseId id, Sequence sequence) {
  ModelQueue& model = models_[number];
  const State& state = world_->queue(number);
  const ModelMessage& message = model.messages.at(sequence);
  const bool expired = message.expires_at_us != 0 && message.expires_at_us <= state.live.now_us;
  EXPECT_TRUE(expired || model.acquired[sequence] >= state.limits.acquired_max)
      << "message " << sequence << " is given up for no reason";
  model.leases.emplace(id, ModelLease{0, {sequence}, message.key, 0, true});
  return [this, number, id, sequence] {
    kill(number, sequence);
    models_[number].leases.erase(id);
  };
}

void RandomDriver::add_failure_effect(QueueNumber number, Sequence sequence, Effects& effects,
                                      bool overran) {
  ModelQueue& model = models_[number];
  const std::uint32_t failed = model.messages.at(sequence).failed + 1;
  const std::uint32_t overruns = model.messages.at(sequence).overran + (overran ? 1 : 0);
  const Limits& limits = world_->queue(number).limits;
  if (failed > limits.failed_max || (overran && overruns >= limits.overran_max)) {
    effects.emplace_back([this, number, sequence] { kill(number, sequence); });
    return;
  }
  effects.emplace_back([this, number, sequence, failed, overruns] {
    ModelMessage& message = models_[number].messages.at(sequence);
    message.failed = failed;
    message.overran = overruns;
    message.not_before_us = retry_at(*world_->log().back(), sequence);
    message.delay_us = message.not_before_us - world_->log().back()->at_us();
    ++models_[number].ledger.redelivered;
  });
}

// When the record in which `sequence` failed wants it tried again.
TimeUs RandomDriver::retry_at(const pb::Record& record, Sequence sequence) {
  for (const pb::Failure& failure : record.change(0).failure()) {
    if (failure.sequence() != sequence) continue;
    EXPECT_GE(failure.not_before_us(), record.at_us());
    EXPECT_LE(failure.not_before_us(), record.at_us() + 72'000'000);
    return failure.not_before_us();
  }
  ADD_FAILURE() << "message " << sequence << " did not fail";
  return 0;
}

void RandomDriver::add_timers(QueueNumber number, const std::string& key, MessageOutcome& outcome,
                              Effects& effects) {
  ModelQueue& model = models_[number];
  const std::string name = "t" + std::to_string(pick(2));
  model.coming_timers.insert({key, name});
  if (chance(30)) {
    outcome.timers_cleared.push_back(name);
    effects.emplace_back([&model, key, name] { model.timers.erase({key, name}); });
  } else {
    const auto after_us = 1 + static_cast<DurationUs>(pick(300'000));
    ModelTimer timer{world_->now() + after_us, after_us, make_message()};
    timer.message.key = key;
    timer.message.not_before_us = timer.message.expires_at_us = timer.message.delay_us = 0;
    pb::TimerSet& set = outcome.timers_set.emplace_back();
    set.set_key(key);
    set.set_name(name);
    set.set_due_us(timer.due_us);
    set.set_after_us(timer.after_us);
    *set.mutable_envelope() = *to_envelope(timer.message);
    effects.emplace_back([&model, key, name, timer] { model.set_timer({key, name}, timer); });
  }
  effects.emplace_back([&model, key, name] { model.coming_timers.extract({key, name}); });
}

void RandomDriver::add_effects(QueueNumber number, const ModelLease& lease, Sequence sequence,
                               MessageOutcome& outcome, Effects& effects) {
  ModelQueue& model = models_[number];
  if (outcome.kind == Kind::rejected) {
    effects.emplace_back([this, number, sequence] { kill(number, sequence); });
    return;
  }
  if (outcome.kind != Kind::acked) {
    add_failure_effect(number, sequence, effects);
    return;
  }
  effects.emplace_back([&model, sequence] {
    EXPECT_TRUE(model.messages.at(sequence).key.empty() || model.is_oldest_of_key(sequence))
        << "message " << sequence << " is acked before an older one of its key";
    model.take(sequence);
    ++model.ledger.acked;
  });
  // Few enough that the work dies out.
  for (std::uint64_t i = 0; number == first && i < 2 && chance(35); ++i) {
    const QueueNumber target = chance(25) ? first : second;
    const ModelMessage message = make_message();
    auto envelope = std::make_unique<pb::Envelope>(*to_envelope(message));
    outcome.outputs.push_back({target, std::move(envelope)});
    effects.emplace_back([this, target, message] { models_[target].append(message); });
  }
  if (lease.key.empty()) return;
  if (chance(30)) {
    const std::string entry = "h" + std::to_string(sequence);
    outcome.history.push_back(entry);
    effects.emplace_back(
        [&model, key = lease.key, entry] { model.histories[key].push_back(entry); });
  }
  if (chance(15)) add_timers(number, lease.key, outcome, effects);
}

LeaseOutcome RandomDriver::make_outcome(QueueNumber number, const ModelLease& lease, bool well,
                                        Effects& effects) {
  LeaseOutcome outcome;
  outcome.key = lease.key;
  bool ended = false;
  for (const Sequence sequence : lease.run) {
    MessageOutcome& message = outcome.messages.emplace_back();
    if (ended) continue;
    message.kind = Kind::acked;
    if (!well && chance(25)) {
      message.kind = std::array{Kind::retry, Kind::failed, Kind::rejected, Kind::not_run}[pick(4)];
      message.reason = "by chance";
      if (message.kind == Kind::retry && chance(50)) message.delay_us = pick(200'000);
    }
    ended = message.kind != Kind::acked && message.kind != Kind::rejected;
    if (message.kind == Kind::not_run) continue;
    if (well && message.kind == Kind::acked) {
      effects.emplace_back([this, number, sequence] {
        models_[number].take(sequence);
        ++models_[number].ledger.acked;
      });
    } else {
      add_effects(number, lease, sequence, message, effects);
    }
  }
  if (lease.key.empty() || well || !chance(30)) return outcome;
  ModelQueue& model = models_[number];
  if (chance(20)) {
    outcome.state_erased = true;
    effects.emplace_back([&model, key = lease.key] { model.values.erase(key); });
  } else {
    outcome.next_state = "s" + std::to_string(messages_made_);
    effects.emplace_back(
        [&model, key = lease.key, value = *outcome.next_state] { model.values[key] = value; });
  }
  return outcome;
}

void RandomDriver::complete(QueueNumber number, bool well) {
  ModelQueue& model = models_[number];
  Complete complete;
  complete.jitter = random_();
  Effects effects;
  std::vector<LeaseId> ids;
  std::vector<LeaseId> refused;
  for (auto& [id, lease] : model.leases) {
    if (lease.settling || lease.receiver == 0 || (!well && !chance(40))) continue;
    const bool late = lease.deadline_us < world_->steady();
    Effects own;
    LeaseOutcome outcome = make_outcome(number, lease, well, own);
    outcome.lease = id;
    complete.outcomes.push_back(std::move(outcome));
    if (late) {
      refused.push_back(id);
      // What would have happened will not.
      for (const MessageOutcome& message : complete.outcomes.back().messages) {
        for (const pb::TimerSet& timer : message.timers_set) {
          model.coming_timers.extract({timer.key(), timer.name()});
        }
        for (const std::string& name : message.timers_cleared) {
          model.coming_timers.extract({lease.key, name});
        }
      }
      continue;
    }
    lease.settling = true;
    ids.push_back(id);
    std::move(own.begin(), own.end(), std::back_inserter(effects));
  }
  for (const LeaseId id : ids) effects.emplace_back([&model, id] { model.leases.erase(id); });
  const CompleteDecision decided =
      world_->complete(number, std::move(complete), run_all(std::move(effects)));
  EXPECT_EQ(decided.refused, refused);
}

void RandomDriver::complete_stale() {
  const QueueNumber number = pick_queue();
  const LeaseId id = pick(world_->queue(number).live.lease_last + 2);
  const auto it = models_[number].leases.find(id);
  if (it != models_[number].leases.end() && !it->second.settling) return;
  Complete complete;
  LeaseOutcome& outcome = complete.outcomes.emplace_back();
  outcome.lease = id;
  outcome.next_state = "must not be applied";
  outcome.messages.emplace_back().kind = Kind::acked;
  const CompleteDecision decided = world_->complete(number, std::move(complete));
  EXPECT_EQ(decided.refused, std::vector{id});
}

void RandomDriver::extend() {
  const QueueNumber number = pick_queue();
  for (auto& [id, lease] : models_[number].leases) {
    if (lease.receiver != 0 && chance(40)) {
      begin_work(world_->queue(number), id);
      lease.begun = lease.run.size() == 1;
    }
    if (!chance(20)) continue;
    const SteadyUs deadline_us = world_->steady() + static_cast<DurationUs>(pick(1'500'000));
    EXPECT_EQ(extend_lease(world_->queue(number), id, deadline_us), !lease.settling);
    if (!lease.settling) lease.deadline_us = std::max(lease.deadline_us, deadline_us);
  }
}

// A receiver returns what it has not begun: no failure, nothing to log.
void RandomDriver::give_back() {
  const QueueNumber number = pick_queue();
  for (const auto& [id, lease] : models_[number].leases) {
    if (lease.settling || lease.receiver == 0) continue;
    end_lease(world_->queue(number), id);
    models_[number].leases.erase(id);
    return;
  }
}

}  // namespace millrace::queues
