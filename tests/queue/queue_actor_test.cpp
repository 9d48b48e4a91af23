// Promise: the queue's actor has one sender for each producer, returns credit once, and misses no
// timer. One actor on a log in memory; the test plays its senders and receivers.
#include "actors/queue/shell/queue_actor.hpp"

#include "actors/sender/shell/sender_actor.hpp"
#include "tests/queue/lone_queue_actor.hpp"

namespace millrace::queues {
namespace {

using Kind = StageResult::Kind;
using std::chrono::seconds;

TEST_F(QueueActor, ASecondSenderOfAProducerFencesTheFirstAndNoMessageIsDroppedAsADuplicate) {
  const auto first = std::make_shared<Heard>();
  const auto second = std::make_shared<Heard>();
  const caf::actor a = listener(first);
  const caf::actor b = listener(second);
  attach(a);
  offer(a, 1);
  settle();
  attach(b);
  ASSERT_EQ(second->attached.size(), 1u);
  EXPECT_EQ(second->attached[0].last, 1u);
  ASSERT_EQ(first->attached.size(), 2u) << "the first is told at once";
  ASSERT_TRUE(first->attached[1].refusal);
  EXPECT_EQ(first->attached[1].refusal->code, ErrorCode::fenced);
  offer(a, 2);
  offer(b, 2);
  settle();
  EXPECT_EQ(first->offers.back().refusal->code, ErrorCode::fenced);
  EXPECT_FALSE(second->offers.back().refusal);
  EXPECT_EQ(state_->durable.ledger.offered, 2u);
  EXPECT_EQ(state_->live.duplicates, 0u);
}

TEST_F(QueueActor, AnOfferOfASenderThatNeverAttachedIsRefused) {
  const auto heard = std::make_shared<Heard>();
  offer(listener(heard), 1);
  settle();
  ASSERT_EQ(heard->offers.size(), 1u);
  EXPECT_EQ(heard->offers[0].refusal->code, ErrorCode::unknown_producer);
}

TEST_F(QueueActor, ForgetsAnIdleProducerWithoutOtherMessages) {
  const auto heard = std::make_shared<Heard>();
  const caf::actor sender = listener(heard);
  attach(sender);
  for (int hour = 0; hour < 7 * 24; ++hour) advance(std::chrono::hours(1));
  EXPECT_NE(state_->durable.dedup.find("p"), nullptr);
  for (int hour = 0; hour < 2; ++hour) advance(std::chrono::hours(1));
  EXPECT_EQ(state_->durable.dedup.find("p"), nullptr);
  offer(sender, 1);
  settle();
  EXPECT_EQ(heard->offers.back().refusal->code, ErrorCode::unknown_producer);
}

TEST_F(QueueActor, ExpiresLeasesWhileItDrainsButCountsNoFailureOfReceiversThatEnd) {
  const caf::actor sender = listener(std::make_shared<Heard>());
  const auto first = std::make_shared<Heard>();
  const auto second = std::make_shared<Heard>();
  const caf::actor dies = listener(first);
  const caf::actor stuck = listener(second);
  attach(sender);
  subscribe(dies, 1);
  subscribe(stuck, 2);
  offer(sender, 1, 2);
  settle();
  advance(seconds(1));
  offer(sender, 3);
  settle();
  EXPECT_EQ(state_->live.in_flight, 3u);
  caf::anon_send(queue_, DrainMessage{});
  caf::anon_send_exit(dies, caf::exit_reason::kill);
  settle();
  EXPECT_EQ(state_->live.in_flight, 2u);
  EXPECT_EQ(state_->durable.ledger.redelivered, 0u);
  advance(std::chrono::milliseconds(29'500));
  EXPECT_EQ(state_->live.in_flight, 1u);
  advance(seconds(1));
  EXPECT_EQ(state_->live.in_flight, 0u) << "the later deadline has passed too";
}

TEST_F(QueueActor, ASenderRefusedForAFullDiskIsResumedWhenThereIsRoom) {
  const auto heard = std::make_shared<Heard>();
  const caf::actor sender = listener(heard);
  attach(sender);
  log_.set_full(true);
  offer(sender, 1);
  settle();
  EXPECT_EQ(heard->offers.back().refusal->code, ErrorCode::storage_full);
  advance(seconds(1));
  EXPECT_EQ(heard->resumed, 0);
  log_.set_full(false);
  advance(seconds(1));
  EXPECT_EQ(heard->resumed, 1);
}

TEST_F(QueueActor, ASenderRefusedForAnUnreachableLogIsResumedWhenItIsReachable) {
  const auto heard = std::make_shared<Heard>();
  const caf::actor sender = listener(heard);
  attach(sender);
  log_.set_refuses_work(true);
  offer(sender, 1);
  settle();
  EXPECT_EQ(heard->offers.back().refusal->code, ErrorCode::log_unreachable);
  advance(seconds(1));
  EXPECT_EQ(heard->resumed, 0);
  log_.set_refuses_work(false);
  advance(seconds(1));
  EXPECT_EQ(heard->resumed, 1);
}

TEST_F(QueueActor, RefusesOperatorsWhileTheNodeDrainsAndRedrivesWhileTheDiskIsFull) {
  const auto heard = std::make_shared<Heard>();
  const caf::actor person = listener(heard);
  const auto ask = [&](bool redrive) {
    send(person, RemoveMessage{std::make_shared<const std::vector<PageEntry>>(
                                   page_of(*state_, 0, 10).messages),
                               redrive});
    settle();
    const std::optional<Error>& refusal = heard->removals.back().refusal;
    return refusal ? refusal->code : ErrorCode{0};
  };
  attach(person);
  offer(person, 1);
  settle();
  log_.set_full(true);
  EXPECT_EQ(ask(true), ErrorCode::storage_full);
  EXPECT_EQ(ask(false), ErrorCode{0}) << "dropping makes room";
  EXPECT_EQ(heard->removals.back().removed, 1u);
  caf::anon_send(queue_, DrainMessage{});
  EXPECT_EQ(ask(false), ErrorCode::draining);
}

TEST_F(QueueActor, ALateReceiverIsRefusedAndGetsItsCreditBackOnce) {
  const auto slow = std::make_shared<Heard>();
  const caf::actor sender = listener(std::make_shared<Heard>());
  const caf::actor receiver = listener(slow);
  attach(sender);
  subscribe(receiver, 1);
  offer(sender, 1);
  settle();
  ASSERT_EQ(slow->grants.size(), 1u);
  advance(seconds(31));
  EXPECT_EQ(state_->live.in_flight, 0u) << "the lease is over";
  EXPECT_EQ(slow->grants.size(), 1u) << "a stuck receiver gets nothing more";
  const std::uint64_t acked = state_->durable.ledger.acked;
  complete(receiver, slow->grants[0].lease);
  EXPECT_EQ(state_->durable.ledger.acked, acked);
  advance(seconds(1));
  EXPECT_EQ(slow->grants.size(), 2u) << "the same message again";
  EXPECT_EQ(state_->live.receivers.begin()->second.demand, 0u);
  complete(receiver, slow->grants[1].lease);
  EXPECT_EQ(state_->durable.ledger.acked, 1u);
  EXPECT_EQ(state_->live.receivers.begin()->second.demand, 1u);
}

TEST_F(QueueActor, ASenderThatEndsReportsEveryMessageThatItHeld) {
  const auto inbox =
      std::make_shared<senders::SenderInbox>(senders::SenderInbox::Window{10}, [] {});
  senders::SenderConfig config;
  config.producer = "p";
  config.shards = {queue_};
  config.numbers = {1};
  config.clock = &system_;
  const caf::actor sender = spawn_sender(system_.system(), std::move(config), inbox);
  settle();
  int confirmed = 0;
  int failed = 0;
  const auto push = [&] {
    EXPECT_TRUE(inbox->push({0, std::make_unique<pb::Envelope>(), [&](const Result<void>& done) {
                               ++(done ? confirmed : failed);
                             }}));
  };
  push();
  caf::anon_send(sender, senders::WakeMessage{});
  system_.drain();  // offered, and not durable
  push();           // the sender has not taken it from its inbox
  caf::anon_send_exit(sender, caf::exit_reason::user_shutdown);
  settle();
  EXPECT_EQ(confirmed, 0);
  EXPECT_EQ(failed, 2);
  EXPECT_FALSE(inbox->flush());
}

}  // namespace
}  // namespace millrace::queues
