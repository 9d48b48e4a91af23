#include "tests/sim/saboteur_actor.hpp"

#include <memory>
#include <string>
#include <utility>

#include <caf/all.hpp>

#include "actors/sender/shell/forwarder_actor.hpp"

namespace millrace {
namespace {

/// Relays the messages between a forwarder and its remote queue, and corrupts some of them.
class Saboteur {
 public:
  static inline const char* name = "millrace.saboteur";

  caf::behavior start(caf::event_based_actor* self, Sabotage what, queues::OfferHandle target,
                      std::mt19937_64& random) {
    self_ = self;
    what_ = what;
    target_ = std::move(target);
    random_ = &random;
    return {
        [this](const queues::AttachMessage& m) { on_attach(m); },
        [this](const queues::OfferMessage& m) { on_offer(m); },
        [this](const queues::AttachReply& m) { tell(m); },
        [this](const queues::OfferReply& m) { tell(m); },
        [this](const queues::ResumeMessage& m) { tell(m); },
        [this](const forwarders::LinkMessage& m) { tell(m); },
        [this](const forwarders::RetargetMessage&) {
          tell(forwarders::RetargetMessage{caf::actor_cast<queues::OfferHandle>(self_)});
        },
    };
  }

 private:
  template <class Message>
  void tell(const Message& message) {
    caf::anon_send(caf::actor_cast<caf::actor>(forwarder_), message);
  }

  void on_attach(queues::AttachMessage attach) {
    forwarder_ = attach.sender;
    attach.sender = caf::actor_cast<caf::strong_actor_ptr>(self_);
    if (what_ == Sabotage::dedup) attach.request.producer += "/" + std::to_string((*random_)());
    if (what_ == Sabotage::generations) attach.request.generations.clear();
    producer_ = attach.request.producer;
    self_->send(target_, attach);
  }

  void on_offer(const queues::OfferMessage& message) {
    auto offer = std::make_shared<queues::Offer>(*message.offer);
    offer->producer = producer_;
    if (what_ == Sabotage::outbox_order && offer->messages.size() > 1) {
      std::swap(offer->messages.front(), offer->messages.back());
    }
    self_->send(target_, queues::OfferMessage{std::move(offer)});
  }

  caf::event_based_actor* self_ = nullptr;
  Sabotage what_ = Sabotage::none;
  queues::OfferHandle target_;
  std::mt19937_64* random_ = nullptr;
  caf::strong_actor_ptr forwarder_;
  std::string producer_;
};

void forget_epochs(pb::Record& record) {
  for (pb::Change& change : *record.mutable_change()) {
    for (pb::Attach& attach : *change.mutable_attach()) attach.set_epoch(1);
    for (pb::Produced& produced : *change.mutable_produced()) produced.set_epoch(1);
  }
}

void forget_fences(pb::Record& record) {
  for (pb::ShardRecord& shard : *record.mutable_shard()) shard.clear_offered();
}

}  // namespace

void sabotage(MemoryLog& log, Sabotage what) {
  if (what == Sabotage::send_before_durable) log.deliver_before_durable();
  if (what == Sabotage::fencing) log.forge(forget_epochs);
  if (what == Sabotage::shard_fence) log.forge(forget_fences);
}

queues::OfferHandle sabotage(caf::actor_system& system, Sabotage what,
                             const queues::OfferHandle& target, std::mt19937_64& random) {
  if (what != Sabotage::dedup && what != Sabotage::outbox_order && what != Sabotage::generations) {
    return target;
  }
  return caf::actor_cast<queues::OfferHandle>(
      system.spawn([=, &random](caf::stateful_actor<Saboteur>* self) {
        return self->state.start(self, what, target, random);
      }));
}

}  // namespace millrace
