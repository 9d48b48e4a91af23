#include <algorithm>

#include <gtest/gtest.h>

#include "actors/queue/decide/removal.hpp"
#include "actors/queue/move/source.hpp"
#include "actors/queue/state/body.hpp"
#include "actors/queue/state/lease_table.hpp"
#include "tests/queue/moved_queue.hpp"
#include "tests/queue/random/random_driver.hpp"

namespace millrace::queues {
namespace {

// The order in which all messages that are due leave the queue. `read` brings all bodies into
// memory, so that the cache makes no difference.
std::vector<Sequence> order_of(State& state, const ReadBody& read, Now now) {
  MessageIndex& index = state.durable.index;
  std::vector<std::pair<Sequence, Body>> bodies;
  index.for_each([&](Sequence sequence, const Entry& entry) {
    bodies.emplace_back(sequence, read(entry.place, entry.index));
  });
  for (const auto& [sequence, body] : bodies) index.set_body(sequence, body);
  std::vector<Sequence> order;
  while (true) {
    state.live.receivers[1].demand = 2;
    Dispatch round = dispatch(state, now);
    std::vector<LeaseId> leases = round.give_up;
    for (const Grant& grant : round.grants) leases.push_back(grant.lease);
    const Decision ended = decide_drop(state, leases, now.wall_us);
    if (!ended.record) return order;
    for (const Sequence sequence : ended.record->change(0).drop()) order.push_back(sequence);
    propose(state, ended);
    apply(state, {std::make_shared<const pb::Record>(*ended.record), {}}, ended.record->change(0));
    committed(state, ended.pending);
  }
}

std::string timers_of(const State& state, TimeUs now_us) {
  Decision timers = decide_timers(state, now_us);
  if (!timers.record) return {};
  timers.record->mutable_change(0)->set_queue(0);
  return timers.record->ShortDebugString();
}

}  // namespace

// Moves a queue as it is durable now. The moved queue equals the queue after a restart, and decides
// the same.
void RandomDriver::copy() {
  const QueueNumber number = chance(30) ? dead : pick_queue();
  const Checkpoint now = world_->checkpoint();
  auto restarted = world_->replayed(&now);
  State& original = *restarted.at(number);
  const ReadBody read = [this, number](logs::Place place, std::uint32_t index) {
    return world_->read_body(number, place, index);
  };
  CopiedQueue copied(original);
  for (const pb::Install& chunk : chunks_of(original, read)) {
    const auto installed = copied.install(chunk, original.durable.at_us);
    ASSERT_TRUE(installed) << installed.error().message;
  }
  EXPECT_EQ(durable_text(copied.state, false), durable_text(original, false));
  EXPECT_EQ(check_invariants(copied.state), "");
  EXPECT_EQ(timers_of(copied.state, world_->now()), timers_of(original, world_->now()));
  for (const auto& [name, producer] : original.durable.dedup.producers()) {
    const Offer offer{name, producer.epoch, producer.last + 1, {to_envelope(make_message())}};
    EXPECT_EQ(decide(copied.state, offer, {}, world_->now()).taken,
              decide(original, offer, {}, world_->now()).taken);
  }
  // A quiesced queue leases nothing, and continues unchanged when it serves again.
  original.live.quiesced = true;
  EXPECT_EQ(order_of(original, read, world_->time()), std::vector<Sequence>());
  original.live.quiesced = false;
  if (number == dead) original.dead_letters = copied.state.dead_letters = dead;
  const auto read_copy = [&copied](logs::Place place, std::uint32_t index) {
    return std::make_shared<const pb::Envelope>(
        *envelope_at(copied.records.at(logs::offset_of(place))->change(0), index));
  };
  EXPECT_EQ(order_of(copied.state, read_copy, world_->time()),
            order_of(original, read, world_->time()));
}

// A move leaves the messages behind the seal at the source, as one chain.
void RandomDriver::become_outbox() {
  const QueueNumber number = pick_queue();
  const Checkpoint now = world_->checkpoint();
  auto restarted = world_->replayed(&now);
  State& state = *restarted.at(number);
  const Sequence up_to = state.durable.last - pick(std::min<Sequence>(state.durable.last, 20) + 1);
  std::vector<Sequence> later;
  state.durable.index.visit_from(up_to + 1, [&](Sequence sequence, const Entry&) {
    later.push_back(sequence);
    return true;
  });
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(world_->now());
  record->add_change()->set_queue(number);
  pb::BecomeOutbox& change = *record->mutable_change(0)->mutable_become_outbox();
  change.set_up_to(up_to);
  change.set_duplicates(pick(state.durable.ledger.duplicates + 1));
  const std::uint64_t duplicates = state.durable.ledger.duplicates - change.duplicates();
  change.mutable_as()->set_number(number);
  change.mutable_as()->set_name("outbox/" + state.name);
  change.mutable_as()->mutable_outbox()->set_producer("p");
  apply(state, {record, {}}, record->change(0));
  EXPECT_EQ(check_invariants(state), "");
  EXPECT_TRUE(state.durable.keyed.keys().empty() && state.durable.keyed.timers().empty());
  EXPECT_TRUE(state.durable.schedules.empty() && state.durable.failures.empty());
  EXPECT_EQ(state.durable.ledger, (Ledger{.offered = later.size(), .duplicates = duplicates}));
  State again;
  declare(again, change.as());
  again.limits = state.limits;
  write_snapshot(state, [&again](const std::string& bytes) {
    pb::SnapshotPart part;
    ASSERT_TRUE(part.ParseFromString(bytes));
    ASSERT_TRUE(read_snapshot(again, part));
  });
  EXPECT_EQ(durable_text(again), durable_text(state));
  const ReadBody read = [this, number](logs::Place place, std::uint32_t index) {
    return world_->read_body(number, place, index);
  };
  EXPECT_EQ(order_of(state, read, world_->time()), later);
  EXPECT_EQ(order_of(again, read, world_->time()), later);
}

}  // namespace millrace::queues
