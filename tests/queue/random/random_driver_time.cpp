#include <algorithm>

#include <gtest/gtest.h>

#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/decide/removal.hpp"
#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/random/random_driver.hpp"

namespace millrace::queues {

void RandomDriver::lose(QueueNumber number, const std::vector<LeaseId>& leases, ErrorCode code) {
  ModelQueue& model = models_[number];
  Effects effects;
  for (const LeaseId id : leases) {
    ModelLease& lease = model.leases.at(id);
    EXPECT_FALSE(lease.settling);
    lease.settling = true;
    if (lease.begun) {
      add_failure_effect(number, lease.run[0], effects, code == ErrorCode::lease_expired);
    }
    effects.emplace_back([&model, id] { model.leases.erase(id); });
  }
  send(number, decide_lost(world_->queue(number), leases, code, random_(), world_->now()),
       std::move(effects));
}

void RandomDriver::lose_receiver() {
  const QueueNumber number = pick_queue();
  const ReceiverId receiver = 1 + pick(3);
  world_->queue(number).live.receivers.erase(receiver);
  lose(number, leases_of(world_->queue(number), receiver), ErrorCode::receiver_lost);
  for (const auto& [id, lease] : models_[number].leases) {
    EXPECT_TRUE(lease.settling || lease.receiver != receiver) << "lease " << id << " is forgotten";
  }
}

void RandomDriver::tick(QueueNumber number) {
  lose(number, overdue_leases(world_->queue(number), world_->steady()), ErrorCode::lease_expired);
  for (const auto& [id, lease] : models_[number].leases) {
    EXPECT_TRUE(lease.settling || lease.deadline_us >= world_->steady())
        << "lease " << id << " is overdue";
  }
  world_->look(number);
  send(number, decide_set_back(world_->queue(number), world_->now()), {});
  resume_due(number);
  fire_timers(number);
}

// Sets the wall clock by 1 ms to 200 days, forwards or back.
void RandomDriver::set_clock() {
  const auto by_us = static_cast<DurationUs>((1'000ull << pick(35)) + pick(1'000));
  world_->step(chance(50) ? by_us : -by_us);
}

void RandomDriver::fire_timers(QueueNumber number) {
  ModelQueue& model = models_[number];
  std::set<TimerName> expected;
  for (const auto& [name, timer] : model.timers) {
    if (timer.due_us <= world_->now() && !model.coming_timers.contains(name)) expected.insert(name);
  }
  Decision decided = decide_timers(world_->queue(number), world_->now());
  std::set<TimerName> fired;
  Effects effects;
  if (decided.record) {
    for (const pb::TimerRef& timer : decided.record->change(0).timer_clear()) {
      const TimerName name{timer.key(), timer.name()};
      fired.insert(name);
      model.coming_timers.insert(name);
      effects.emplace_back([&model, name] {
        model.append(model.timers.at(name).message);
        model.timers.erase(name);
        model.coming_timers.extract(name);
      });
    }
  }
  EXPECT_EQ(fired, expected);
  send(number, std::move(decided), std::move(effects));
}

// Pauses or resumes the queue, or a key of it.
void RandomDriver::pause() {
  const QueueNumber number = pick_queue();
  ModelQueue& model = models_[number];
  PauseCommand command;
  if (chance(70)) command.key = "k" + std::to_string(pick(6));
  command.resumes = chance(50);
  if (chance(50)) command.for_us = 1 + static_cast<DurationUs>(pick(400'000));
  PauseDecision decided = decide_pause(world_->queue(number), command, world_->now());
  EXPECT_FALSE(decided.refusal);
  const TimeUs until_us =
      command.resumes || command.for_us == 0 ? 0 : world_->now() + command.for_us;
  Effects effects;
  effects.emplace_back([&model, key = command.key, resumes = command.resumes, until_us] {
    if (resumes) {
      model.paused.erase(key);
    } else {
      model.paused[key] = until_us;
    }
  });
  send(number, std::move(decided.decision), std::move(effects));
}

void RandomDriver::resume_due(QueueNumber number) {
  ModelQueue& model = models_[number];
  Decision decided = decide_resumes(world_->queue(number), world_->now());
  if (!decided.record) return;
  Effects effects;
  for (const pb::PauseChange& one : decided.record->change(0).pause()) {
    EXPECT_TRUE(one.resume());
    effects.emplace_back([&model, key = one.key()] { model.paused.erase(key); });
  }
  send(number, std::move(decided), std::move(effects));
}

void RandomDriver::forget() {
  const QueueNumber number = pick_queue();
  ModelQueue& model = models_[number];
  world_->look(number);
  world_->commit();
  Decision decided = decide_forget(world_->queue(number), world_->now());
  if (!decided.record) return;
  Effects effects;
  for (const std::string& name : decided.record->change(0).forget_producer()) {
    EXPECT_LT(world_->queue(number).durable.dedup.find(name)->active_at_us,
              world_->now() - world_->queue(number).limits.producer_idle_us);
    effects.emplace_back([&model, name] {
      model.producers.erase(name);
      model.coming_producers.erase(name);
    });
  }
  send(number, std::move(decided), std::move(effects));
  world_->commit();
}

// Drops messages of any queue, or puts dead letters back.
void RandomDriver::operate() {
  const QueueNumber number = chance(70) ? dead : pick_queue();
  ModelQueue& model = models_[number];
  State& state = world_->queue(number);
  std::vector<PageEntry> page = page_of(state, pick(model.last + 2), 1 + pick(8)).messages;
  std::erase_if(page, [this](const PageEntry&) { return chance(30); });
  std::vector<Sequence> free;
  for (PageEntry& one : page) {
    const ModelMessage& message = model.messages.at(one.sequence);
    const bool key_is_held = !message.key.empty() && model.is_key_held(message.key);
    if (!model.is_held(one.sequence) && !key_is_held) free.push_back(one.sequence);
    if (!one.body) one.body = world_->read_body(number, one.place, one.index);
    EXPECT_EQ(one.body->payload(), message.payload);
  }
  const bool redrive = number == dead && chance(60);
  const std::vector<LeaseId> leases = hold(state, page, world_->now());
  std::vector<Sequence> held;
  Effects effects;
  for (const LeaseId id : leases) {
    const std::vector<Sequence>& run = state.live.leases.at(id).run;
    held.insert(held.end(), run.begin(), run.end());
    model.leases.emplace(id, ModelLease{0, run, model.messages.at(run[0]).key, 0, true});
    effects.emplace_back([&model, id] { model.leases.erase(id); });
  }
  std::sort(held.begin(), held.end());
  EXPECT_EQ(held, free);
  for (const Sequence sequence : held) {
    effects.emplace_back([this, number, sequence, redrive] {
      const ModelMessage message = models_[number].take(sequence);
      ++models_[number].ledger.dropped;
      if (redrive) models_[message.origin].append(message);
    });
  }
  const Origins origins{{"first", first}, {"second", second}};
  send(number,
       redrive ? decide_redrive(state, leases, page, origins, world_->now())
               : decide_drop(state, leases, world_->now()),
       std::move(effects));
}

}  // namespace millrace::queues
