#include "tests/queue/random/random_driver.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "actors/queue/decide/pausing.hpp"
#include "actors/queue/state/lease_table.hpp"

namespace millrace::queues {

RandomDriver::RandomDriver(std::uint64_t seed) : random_(seed) {
  Limits limits;
  limits.backlog_messages = 20 + pick(60);
  limits.in_flight = static_cast<std::uint32_t>(3 + pick(20));
  limits.run_messages = static_cast<std::uint32_t>(1 + pick(6));
  limits.lease_us = 1'000'000;
  limits.failed_max = static_cast<std::uint32_t>(1 + pick(4));
  limits.acquired_max = static_cast<std::uint32_t>(3 + pick(10));
  limits.idempotency_window_us = 2'000'000;
  limits.producer_idle_us = 3'000'000;
  // From none to more than enough: bodies are read back from the log while the cache is full.
  limits.body_cache_bytes = std::array<std::uint64_t, 3>{0, 3'000, 1u << 20}[pick(3)];
  Limits letters = limits;
  letters.backlog_messages = 1'000'000;
  world_ = std::make_unique<QueueWorld>(
      std::map<QueueNumber, QueueSetup>{{first, {"first", dead, limits}},
                                        {second, {"second", dead, limits}},
                                        {dead, {"dead", 0, letters}}});
  for (const QueueNumber number : {first, second, dead}) models_[number];
  world_->on_apply = [this](const pb::Record& record, const pb::Change& change) {
    models_[change.queue()].note_time(record.at_us(), change.stepped_us());
  };
  world_->on_give_up = [this](QueueNumber number, LeaseId id, Sequence sequence) {
    return give_up(number, id, sequence);
  };
}

QueueWorld::OnCommit RandomDriver::run_all(Effects effects) {
  return [effects = std::move(effects)] {
    for (const auto& effect : effects) effect();
  };
}

void RandomDriver::send(QueueNumber number, Decision decision, Effects effects) {
  world_->send(number, std::move(decision), run_all(std::move(effects)));
}

void RandomDriver::step() {
  act();
  for (const auto& [number, state] : world_->queues()) EXPECT_EQ(check_invariants(*state), "");
}

void RandomDriver::act() {
  if (chance(8)) compact();
  if (chance(2)) copy();
  if (chance(2)) become_outbox();
  const std::uint64_t dice = pick(1000);
  if (dice < 40) {
    attach();
  } else if (dice < 240) {
    offer();
  } else if (dice < 420) {
    dispatch(pick_queue());
  } else if (dice < 590) {
    complete(pick_queue(), false);
  } else if (dice < 620) {
    complete_stale();
  } else if (dice < 820) {
    world_->commit(1 + pick(3));
  } else if (dice < 880) {
    world_->advance(static_cast<DurationUs>(pick(60'000)));
  } else if (dice < 885) {
    world_->advance(static_cast<DurationUs>(pick(2'500'000)));
  } else if (dice < 890) {
    set_clock();
  } else if (dice < 930) {
    tick(pick_queue());
  } else if (dice < 940) {
    lose_receiver();
  } else if (dice < 955) {
    extend();
  } else if (dice < 965) {
    give_back();
  } else if (dice < 972) {
    forget();
  } else if (dice < 982) {
    operate();
  } else if (dice < 986) {
    pause();
  } else if (dice < 992) {
    checkpoint_ = std::make_unique<Checkpoint>(world_->checkpoint());
    if (chance(50)) world_->release();
  } else {
    crash();
  }
}

void RandomDriver::check() {
  for (const auto& [number, state] : world_->queues()) {
    EXPECT_EQ(check_invariants(*state), "");
    EXPECT_EQ(differences(models_[number], *state), "");
  }
}

void RandomDriver::crash() {
  world_->commit(pick(3));
  std::map<QueueNumber, std::string> before;
  for (const auto& [number, state] : world_->queues()) before[number] = durable_text(*state);
  const Checkpoint* from = checkpoint_ && chance(50) ? checkpoint_.get() : nullptr;
  world_->crash(from);
  compactions_.clear();
  for (const auto& [number, state] : world_->queues()) {
    EXPECT_EQ(durable_text(*state), before[number]) << "replay differs from what was live";
    ModelQueue& model = models_[number];
    model.crash();
    for (const auto& [sequence, message] : model.messages) {
      if (const Entry* entry = state->durable.index.find(sequence)) {
        model.acquired[sequence] = entry->acquired;
      }
    }
  }
  check();
}

void RandomDriver::drain() {
  world_->commit();
  for (const QueueNumber number : {first, second, dead}) {
    for (const auto& [key, until_us] : std::map(models_[number].paused)) {
      PauseDecision decided =
          decide_pause(world_->queue(number), {.key = key, .resumes = true}, world_->now());
      send(number, std::move(decided.decision), {[this, number, name = key] {
             models_[number].paused.erase(name);
           }});
    }
  }
  for (int round = 0; round < 5'000; ++round) {
    world_->commit();
    bool idle = true;
    for (const QueueNumber number : {first, second}) {
      // Receivers take turns while their demand lasts, so give all of them plenty.
      for (ReceiverId receiver = 1; receiver <= 3; ++receiver) {
        world_->queue(number).live.receivers[receiver].demand = 100;
      }
      for (const Grant& grant : world_->dispatch(number)) check_grant(number, grant);
      complete(number, true);
      const State& state = world_->queue(number);
      idle = idle && state.durable.index.size() == 0 && state.durable.keyed.timers().empty();
    }
    world_->commit();
    if (::testing::Test::HasFailure()) return;
    if (idle) break;
    world_->advance(20'000);
    for (const QueueNumber number : {first, second}) tick(number);
  }
  world_->commit();
  check();
  for (const QueueNumber number : {first, second}) {
    const State& state = world_->queue(number);
    EXPECT_EQ(state.durable.index.size(), 0u) << "messages are stuck in " << state.name;
    EXPECT_TRUE(state.durable.keyed.timers().empty()) << "timers are stuck in " << state.name;
    EXPECT_EQ(state.live.in_flight, 0u);
    EXPECT_TRUE(state.live.leases.empty() && state.live.deadlines.empty());
    EXPECT_EQ(state.live.proposed_messages, 0u);
    EXPECT_EQ(state.live.proposed_bytes, 0u);
    EXPECT_TRUE(state.live.proposed_keys.empty() && state.live.settling_timers.empty());
    EXPECT_EQ(state.keys.size(), 0u) << "slots of keys are left over in " << state.name;
  }
}

}  // namespace millrace::queues
