// Promise: the queue's actor is quiesced while local producers go on, refuses other nodes, and then
// continues as a queue or as an outbox. The test plays all other actors but the forwarder.
#include <optional>

#include "actors/sender/shell/forwarder_actor.hpp"
#include "messages/snapshot.pb.h"
#include "tests/queue/lone_queue_actor.hpp"

namespace millrace::queues {
namespace {

template <class Reply>
struct Answer {
  std::optional<Reply> reply;
  bool failed = false;
};

class QuiescedQueue : public QueueActor {
 protected:
  QuiescedQueue() { attach(local_); }

  template <class Reply, class Message>
  std::shared_ptr<Answer<Reply>> ask(Message message) {
    auto answer = std::make_shared<Answer<Reply>>();
    system_.system().spawn([answer, queue = queue_, message](caf::event_based_actor* self) {
      self->request(queue, caf::infinite, message)
          .then([answer](const Reply& reply) { answer->reply = reply; },
                [answer](const caf::error&) { answer->failed = true; });
    });
    system_.drain();
    return answer;
  }
  auto quiesce(bool seals = true) { return ask<QuiescedReply>(QuiesceMessage{.seals = seals}); }

  /// Gives up the queue, as the source does when the target has all chunks.
  void become_outbox(Sequence up_to, std::uint64_t duplicates = 0) {
    auto record = std::make_shared<pb::Record>();
    record->set_at_us(system_.now_us());
    record->add_change()->set_queue(1);
    pb::BecomeOutbox& change = *record->mutable_change(0)->mutable_become_outbox();
    change.set_up_to(up_to);
    change.set_duplicates(duplicates);
    *change.mutable_as() = declaration();
    change.mutable_as()->set_name("outbox/work");
    change.mutable_as()->mutable_outbox()->set_producer("a/work/5");
    auto proposal = std::make_shared<RecordProposal>();
    proposal->record = std::move(record);
    log_.propose(std::move(proposal));
    settle();
  }

  std::shared_ptr<Heard> heard_local_ = std::make_shared<Heard>();
  std::shared_ptr<Heard> heard_remote_ = std::make_shared<Heard>();
  std::shared_ptr<Heard> heard_receiver_ = std::make_shared<Heard>();
  caf::actor local_ = listener(heard_local_);
  caf::actor remote_ = listener(heard_remote_);
  caf::actor receiver_ = listener(heard_receiver_);
};

TEST_F(QuiescedQueue, IsQuiescedWhenItsLeaseEndsThoughLocalProducersGoOn) {
  subscribe(receiver_, 1);
  offer(local_, 1, 2);
  settle();
  ASSERT_EQ(heard_receiver_->grants.size(), 1u);
  const auto quiesced = quiesce();
  offer(local_, 3);
  settle();
  EXPECT_FALSE(quiesced->reply) << "a message is leased";
  auto outcome = std::make_shared<Complete>();
  outcome->outcomes.emplace_back().lease = heard_receiver_->grants[0].lease;
  outcome->outcomes[0].messages.emplace_back().kind = StageResult::Kind::acked;
  send(receiver_, CompleteMessage{outcome});
  offer(local_, 4);
  system_.drain();
  ASSERT_EQ(log_.proposed(), 2u);
  log_.commit(1);
  system_.drain();
  ASSERT_TRUE(quiesced->reply) << "the offer that is on its way is not waited for";
  EXPECT_EQ(quiesced->reply->last, 3u);
  ASSERT_FALSE(quiesced->reply->parts->empty());
  pb::SnapshotPart head;
  ASSERT_TRUE(head.ParseFromString(quiesced->reply->parts->front()));
  EXPECT_EQ(head.head().last(), 3u);
  EXPECT_EQ(head.head().acked(), 1u);
  settle();
  EXPECT_EQ(state_->durable.last, 4u);
  EXPECT_EQ(heard_local_->offers.back().settled, 4u);
  EXPECT_EQ(heard_receiver_->grants.size(), 1u) << "nothing is leased";
}

TEST_F(QuiescedQueue, WaitsForOffersInFlightOfOtherNodesAndRefusesLaterOnes) {
  attach(remote_, "b/work/5", true);
  offer(remote_, 1, 1, "b/work/5");
  system_.drain();
  const auto quiesced = quiesce();
  EXPECT_FALSE(quiesced->reply);
  settle();
  ASSERT_TRUE(quiesced->reply);
  EXPECT_EQ(quiesced->reply->last, 1u);
  EXPECT_EQ(heard_remote_->offers.back().settled, 1u);
  offer(remote_, 2, 1, "b/work/5");
  attach(remote_, "b/work/5", true);
  ASSERT_TRUE(heard_remote_->offers.back().refusal);
  EXPECT_EQ(heard_remote_->offers.back().refusal->code, ErrorCode::not_owner);
  EXPECT_EQ(heard_remote_->offers.back().refusal->message,
            "shard 5 of work is being moved to another node");
  EXPECT_EQ(heard_remote_->attached.back().refusal->code, ErrorCode::not_owner);
  caf::anon_send(queue_, ServeMessage{});
  attach(remote_, "b/work/5", true);
  EXPECT_FALSE(heard_remote_->attached.back().refusal);
}

TEST_F(QuiescedQueue, LeasesAndFiresTimersAgainWhenItServes) {
  pb::Record timer;
  timer.set_at_us(system_.now_us());
  timer.add_change()->set_queue(1);
  pb::TimerSet& set = *timer.mutable_change(0)->add_timer_set();
  set.set_key("k");
  set.set_due_us(system_.now_us() + 1'000);
  auto proposal = std::make_shared<RecordProposal>();
  proposal->record = std::make_shared<const pb::Record>(timer);
  log_.propose(std::move(proposal));
  settle();
  const auto quiesced = quiesce();
  ASSERT_TRUE(quiesced->reply);
  EXPECT_GE(quiesced->reply->parts->size(), 2u) << "the timer is a part of the copy";
  subscribe(receiver_, 10);
  offer(local_, 1);
  settle();
  advance(std::chrono::hours(2));
  EXPECT_TRUE(heard_receiver_->grants.empty());
  EXPECT_EQ(state_->durable.keyed.timers().size(), 1u);
  send(local_, RemoveMessage{std::make_shared<const std::vector<PageEntry>>(
                   page_of(*state_, 0, 10).messages)});
  bool compacted = false;
  caf::anon_send(queue_, CompactMessage{99, std::make_shared<std::function<void()>>(
                                                [&compacted] { compacted = true; })});
  settle();
  EXPECT_EQ(heard_local_->removals.back().refusal->code, ErrorCode::draining);
  EXPECT_TRUE(compacted);
  caf::anon_send(queue_, ServeMessage{});
  settle();
  advance(std::chrono::milliseconds(1));
  EXPECT_EQ(heard_receiver_->grants.size(), 2u) << "the message, and that of the timer";
}

TEST_F(QuiescedQueue, RepliesWithTheSameSealAgain) {
  EXPECT_TRUE(quiesce(false)->reply->parts->empty());
  offer(local_, 1, 3);
  settle();
  const auto quiesced = quiesce(true);
  ASSERT_TRUE(quiesced->reply);
  EXPECT_EQ(quiesced->reply->last, 3u);
  EXPECT_FALSE(quiesced->reply->parts->empty());
}

TEST_F(QuiescedQueue, ThatEndsOrDrainsCancelsPendingReplies) {
  subscribe(receiver_, 1);
  offer(local_, 1);
  settle();
  const auto served_again = quiesce();
  caf::anon_send(queue_, ServeMessage{});
  const auto drained = quiesce();
  const auto flushed = ask<FlushedReply>(FlushMessage{});
  EXPECT_TRUE(served_again->failed);
  EXPECT_FALSE(drained->failed || flushed->failed);
  caf::anon_send(queue_, DrainMessage{});
  system_.drain();
  EXPECT_TRUE(drained->failed && flushed->failed);
  EXPECT_TRUE(ask<FlushedReply>(FlushMessage{})->failed);
}

TEST_F(QuiescedQueue, IsFlushedWhenItServesAgain) {
  offer(local_, 1);
  settle();
  EXPECT_TRUE(ask<FlushedReply>(FlushMessage{})->reply) << "what it has is for no other node";
  quiesce();
  const auto flushed = ask<FlushedReply>(FlushMessage{});
  EXPECT_FALSE(flushed->reply);
  caf::anon_send(queue_, ServeMessage{});
  settle();
  EXPECT_TRUE(flushed->reply);
}

TEST_F(QuiescedQueue, IsFlushedAsAnOutboxWhenItsMessagesAreGone) {
  state_->is_outbox = true;
  EXPECT_TRUE(ask<FlushedReply>(FlushMessage{})->reply) << "it is empty";
  subscribe(receiver_, 1, true);
  offer(local_, 1);
  settle();
  const auto flushed = ask<FlushedReply>(FlushMessage{});
  offer(local_, 2);
  settle();
  EXPECT_FALSE(flushed->reply);
  complete(receiver_, heard_receiver_->grants[0].lease);
  EXPECT_TRUE(flushed->reply);
  EXPECT_EQ(state_->durable.index.size(), 1u) << "the later message is not waited for";
}

// Duplicates up to the seal are in the ledger that moved; later ones are in the outbox's ledger.
TEST_F(QuiescedQueue, ThatMovedCountsItsDuplicatesOnce) {
  const auto offer_keyed = [this](std::uint64_t number) {
    auto message = std::make_shared<pb::Envelope>();
    message->set_idempotency_key("once");
    auto offer = std::make_shared<Offer>(Offer{"p", 1, number, {}});
    offer->messages.push_back(std::move(message));
    send(local_, OfferMessage{std::move(offer)});
    settle();
  };
  offer_keyed(1);
  offer_keyed(2);
  const auto quiesced = quiesce();
  ASSERT_TRUE(quiesced->reply);
  EXPECT_EQ(quiesced->reply->duplicates, 1u);
  offer_keyed(3);
  offer_keyed(4);
  EXPECT_EQ(state_->durable.ledger.duplicates, 3u);
  become_outbox(quiesced->reply->last, quiesced->reply->duplicates);
  EXPECT_EQ(state_->durable.ledger.duplicates, 2u);
}

/// The offers that a forwarder sends to the other node.
struct Delivered {
  std::vector<AttachRequest> attached;
  std::vector<Offer> offers;
};

TEST_F(QuiescedQueue, ThatMovedContinuesAsAnOutbox) {
  attach(remote_, "b/work/5", true);
  subscribe(receiver_, 10);
  offer(local_, 1);
  settle();
  complete(receiver_, heard_receiver_->grants[0].lease);
  offer(local_, 2);
  const auto quiesced = quiesce();
  ASSERT_TRUE(quiesced->reply);
  EXPECT_EQ(quiesced->reply->last, 1u) << "the second is on its way";
  offer(local_, 3, 2);
  settle();
  become_outbox(1);
  EXPECT_TRUE(state_->is_outbox);
  EXPECT_EQ(state_->declaration->name(), "outbox/work");
  subscribe(receiver_, 10);  // a worker that was started before the move
  EXPECT_EQ(heard_remote_->offers.back().refusal->code, ErrorCode::not_owner);

  const auto delivered = std::make_shared<Delivered>();
  const auto receive = [delivered](caf::event_based_actor*) -> caf::behavior {
    const auto on_attach = [delivered](const AttachMessage& m) {
      delivered->attached.push_back(m.request);
      caf::anon_send(caf::actor_cast<caf::actor>(m.sender), AttachReply{1, m.request.base, {}});
    };
    const auto on_offer = [delivered](const OfferMessage& m) {
      delivered->offers.push_back(*m.offer);
    };
    return {on_attach, on_offer};
  };
  const caf::actor target = system_.system().spawn(receive);
  actors_.push_back(target);
  actors_.push_back(
      forwarders::spawn_forwarder(system_.system(), {.outbox = "outbox/work/5",
                                                     .producer = "a/work/5",
                                                     .source = queue_,
                                                     .target = caf::actor_cast<OfferHandle>(target),
                                                     .clock = &system_}));
  settle();
  ASSERT_EQ(delivered->attached.size(), 1u);
  EXPECT_EQ(delivered->attached[0].base, 1u);
  ASSERT_EQ(delivered->offers.size(), 1u);
  EXPECT_EQ(delivered->offers[0].first, 2u);
  EXPECT_EQ(delivered->offers[0].messages.size(), 3u) << "of whatever key, in one run";
  offer(local_, 5);
  settle();
  EXPECT_EQ(heard_local_->offers.back().settled, 5u) << "local producers notice nothing";
  EXPECT_EQ(heard_receiver_->grants.size(), 1u);
}

}  // namespace
}  // namespace millrace::queues
