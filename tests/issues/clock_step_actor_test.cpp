// Promise: actors that wait for a time notice within a second or two that the wall clock was set, and
// do not wait for the size of the step. Actors on a deterministic scheduler, whose wall clock is set
// by 1 ms to a year, forwards and back.
#include <caf/all.hpp>
#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "tests/pipeline/shapes.pb.h"
#include "tests/queue/lone_queue_actor.hpp"

namespace millrace::queues {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;
using test::Placed;
using test::Stock;
using Kind = StageResult::Kind;

constexpr microseconds day = 24h;
/// A queue looks at the wall clock once a second; a step of up to a second is no step.
constexpr microseconds late_max = 2'100ms;

/// One queue's actor, with a receiver, and a producer that makes the queue wait for the hour at which
/// it looks for idle producers.
class ClockStepOfAQueue : public QueueActor, public ::testing::WithParamInterface<microseconds> {
 protected:
  ClockStepOfAQueue() {
    attach(sender_);
    subscribe(receiver_, 10);
    offer(sender_, 1);
    settle();
    advance(1ms);
  }
  void step() { system_.set_clock(GetParam().count()); }
  [[nodiscard]] Grant lease(std::size_t i) const { return heard_->grants.at(i); }

  const std::shared_ptr<Heard> heard_ = std::make_shared<Heard>();
  const caf::actor sender_ = listener(std::make_shared<Heard>());
  const caf::actor receiver_ = listener(heard_);
};

TEST_P(ClockStepOfAQueue, BeforeAFailureDoesNotHoldUpTheRetry) {
  step();
  complete(receiver_, lease(0).lease, Kind::retry);
  advance(150ms);
  EXPECT_EQ(heard_->grants.size(), 2u);
}

TEST_P(ClockStepOfAQueue, AfterAFailureDoesNotHoldUpTheRetry) {
  complete(receiver_, lease(0).lease, Kind::retry);
  step();
  for (microseconds passed = 0ms; passed < late_max + 150ms; passed += 10ms) advance(10ms);
  EXPECT_EQ(heard_->grants.size(), 2u);
}

TEST_P(ClockStepOfAQueue, ThatIsCorrectedAfterAFailureDoesNotHoldUpTheRetry) {
  step();
  complete(receiver_, lease(0).lease, Kind::retry);
  system_.set_clock(-GetParam().count());
  for (microseconds passed = 0ms; passed < late_max + 150ms; passed += 10ms) advance(10ms);
  EXPECT_EQ(heard_->grants.size(), 2u);
}

TEST_P(ClockStepOfAQueue, EndsNoLeaseBeforeItsTimeAndEachAfterIt) {
  send(receiver_, BeginMessage{lease(0).lease});
  step();
  advance(29s);
  EXPECT_EQ(state_->live.in_flight, 1u);
  advance(1s);
  EXPECT_EQ(state_->live.in_flight, 0u);
  EXPECT_EQ(state_->durable.ledger.redelivered, 1u);
}

TEST_P(ClockStepOfAQueue, ForgetsNoProducer) {
  step();
  for (int hour = 0; hour < 3; ++hour) advance(1h);
  EXPECT_NE(state_->durable.dedup.find("p"), nullptr);
}

TEST_P(ClockStepOfAQueue, DoesNotKeepASenderFromOfferingAgain) {
  int offers = 0;
  const caf::actor deaf = system_.system().spawn([&offers](caf::event_based_actor* self) {
    return caf::behavior{
        [self](const AttachMessage& m) {
          self->send(caf::actor_cast<caf::actor>(m.sender), AttachReply{1, 0, std::nullopt});
        },
        [&offers](const OfferMessage&) { ++offers; },
    };
  });
  actors_.push_back(deaf);
  const auto inbox =
      std::make_shared<senders::SenderInbox>(senders::SenderInbox::Window{10}, [] {});
  senders::SenderConfig config;
  config.producer = "p";
  config.shards = {caf::actor_cast<QueueHandle>(deaf)};
  config.numbers = {1};
  config.clock = &system_;
  const caf::actor sender = spawn_sender(system_.system(), std::move(config), inbox);
  actors_.push_back(sender);
  settle();
  EXPECT_TRUE(inbox->push({0, std::make_unique<pb::Envelope>(), {}}));
  caf::anon_send(sender, senders::WakeMessage{});
  settle();
  EXPECT_EQ(offers, 1);
  step();
  advance(1'500ms);
  EXPECT_EQ(offers, 1);
  advance(1s);
  EXPECT_EQ(offers, 2);
}

INSTANTIATE_TEST_SUITE_P(Steps, ClockStepOfAQueue,
                         ::testing::Values(1ms, -1ms, 500ms, -500ms, 2s, -2s, 2h, -2h, 10 * day,
                                           -10 * day, 365 * day, -365 * day));

/// Fails each order once, and sets a timer with the second try.
void try_twice(const Placed& order, Keyed<Stock>& stock, const Context& context) {
  if (order.broken()) {
    stock.change().set_left(1);
    return;
  }
  if (context.facts().failed == 0) throw std::runtime_error("once");
  Placed timer = order;
  timer.set_broken(true);
  stock.set_timer("t", 50ms, timer);
}

class ClockStepOfANode : public ::testing::TestWithParam<int> {};

// Seeds set the clock at several moments of one order's life: a delay, a retry and a timer, 170 ms in
// all, and crash the node at times. Each step that sets the clock back costs at most late_max.
TEST_P(ClockStepOfANode, AtAnyMomentHoldsNoOrderUp) {
  std::mt19937_64 random(static_cast<std::uint64_t>(GetParam()));
  const auto in = queue<Placed>("in").key_by(&Placed::customer);
  PipelineTest test({pipeline("p").from(in).then("work", &try_twice, {.retry = {.first = 50ms}})},
                    {});
  test.run();
  for (int round = 0; round < 10; ++round) {
    Placed order;
    order.set_customer("c" + std::to_string(round));
    test.send(in, order, {.delay = 50ms});
    test.run_steps(random() % 20);
    int back = 0;
    for (int steps = 0; steps < 3; ++steps) {
      const microseconds by((1'000ll << (random() % 35)) * (random() % 2 == 0 ? 1 : -1));
      back += by < 0ms ? 1 : 0;
      test.set_clock(by);
      test.advance(std::chrono::milliseconds(random() % 80));
      if (random() % 8 == 0) test.crash();
    }
    const auto is_done = [&] {
      return test.state<Stock>("in", order.customer()).has_value();
    };
    const microseconds began = test.now();
    while (!is_done() && test.now() - began < 10s) test.advance(10ms);
    // After a crash, the client offers again after up to two seconds.
    EXPECT_LT(test.now() - began, 250ms + 3 * late_max)
        << "seed " << GetParam() << " round " << round;
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClockStepOfANode, ::testing::Range(0, 20));

}  // namespace
}  // namespace millrace::queues
