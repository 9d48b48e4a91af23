// One queue's actor on a log in memory; a test plays its senders and receivers.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include <caf/all.hpp>
#include <gtest/gtest.h>

#include "actors/queue/shell/queue_actor.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/testing/memory_log.hpp"
#include "actors/testing/shell/deterministic_actor_system.hpp"

namespace millrace::queues {

/// The messages that an actor of the test received.
struct Heard {
  std::vector<AttachReply> attached;
  std::vector<OfferReply> offers;
  std::vector<Grant> grants;
  std::vector<RemoveReply> removals;
  int resumed = 0;
};

class QueueActor : public ::testing::Test, private CommitSink {
 protected:
  QueueActor() {
    log_.connect(*this);
    start({});
  }
  ~QueueActor() override { end(); }

  static pb::Declaration declaration() {
    pb::Declaration declaration;
    declaration.set_number(1);
    declaration.set_name("work");
    declaration.set_shard(5);
    return declaration;
  }
  void start(Limits limits, const pb::Declaration& declared = declaration(),
             caf::actor reader = {}) {
    auto state = std::make_unique<State>();
    declare(*state, declared);
    state->dead_letters = 2;
    state->limits = limits;
    state_ = state.get();
    queue_ = spawn_queue(
        system_.system(),
        {.state = std::move(state), .log = &log_, .clock = &system_, .reader = std::move(reader)});
  }
  void end() {
    for (const caf::actor& actor : actors_) caf::anon_send_exit(actor, caf::exit_reason::kill);
    actors_.clear();
    caf::anon_send_exit(queue_, caf::exit_reason::user_shutdown);
    queue_ = QueueHandle{};
    system_.drain();
  }

  /// An actor that records the messages it receives.
  caf::actor listener(const std::shared_ptr<Heard>& heard) {
    actors_.push_back(system_.system().spawn([heard](caf::event_based_actor*) -> caf::behavior {
      return {[heard](const AttachReply& m) { heard->attached.push_back(m); },
              [heard](const OfferReply& m) { heard->offers.push_back(m); },
              [heard](const ResumeMessage&) { ++heard->resumed; },
              [heard](const RemoveReply& m) { heard->removals.push_back(m); },
              [heard](const GrantMessage& m) {
                heard->grants.insert(heard->grants.end(), m.grants->begin(), m.grants->end());
              }};
    }));
    return actors_.back();
  }
  template <class Message>
  void send(const caf::actor& from, Message message) {
    caf::send_as(from, queue_, std::move(message));
  }
  void attach(const caf::actor& sender, const std::string& producer = "p", bool forwards = false) {
    send(sender,
         AttachMessage{{producer, 1}, caf::actor_cast<caf::strong_actor_ptr>(sender), forwards});
    settle();
  }
  void offer(const caf::actor& sender, std::uint64_t first, int count = 1,
             const std::string& producer = "p") {
    auto offer = std::make_shared<Offer>(Offer{producer, 1, first, {}});
    for (int i = 0; i < count; ++i) {
      auto envelope = std::make_shared<pb::Envelope>();
      envelope->set_key("k" + std::to_string(first + static_cast<std::uint64_t>(i)));
      offer->messages.push_back(std::move(envelope));
    }
    send(sender, OfferMessage{std::move(offer)});
  }
  void subscribe(const caf::actor& receiver, std::uint32_t credit, bool forwards = false) {
    send(receiver,
         SubscribeMessage{caf::actor_cast<caf::strong_actor_ptr>(receiver), credit, forwards});
    settle();
  }
  void complete(const caf::actor& receiver, LeaseId lease,
                StageResult::Kind kind = StageResult::Kind::acked) {
    auto complete = std::make_shared<Complete>();
    LeaseOutcome& outcome = complete->outcomes.emplace_back();
    outcome.lease = lease;
    outcome.messages.emplace_back().kind = kind;
    send(receiver, CompleteMessage{std::move(complete)});
    settle();
  }
  /// Runs actors and commits until nothing more can happen at this time.
  void settle() {
    do system_.drain();
    while (commit());
  }
  bool commit() {
    if (log_.proposed() == 0) return false;
    log_.commit(log_.proposed());
    return true;
  }
  void advance(std::chrono::microseconds span) {
    system_.advance(span);
    settle();
  }

  DeterministicActorSystem system_{0};
  void deliver(QueueNumber number,
               std::shared_ptr<const std::vector<CommittedChange>> changes) override {
    if (number == 1) caf::anon_send(queue_, CommitMessage{std::move(changes)});
  }

  MemoryLog log_;
  State* state_ = nullptr;
  QueueHandle queue_;
  std::vector<caf::actor> actors_;
};

}  // namespace millrace::queues
