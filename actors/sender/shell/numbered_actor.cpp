#include "actors/sender/shell/numbered_actor.hpp"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include <caf/all.hpp>

#include "actors/sender/shell/sender_actor.hpp"

namespace millrace::senders {
namespace {

/// Longer than anybody waits for the outcome.
constexpr std::chrono::seconds lifetime{12};

class NumberedShell {
 public:
  static inline const char* name = "millrace.numbered";

  caf::behavior start(caf::event_based_actor* self, const queues::QueueHandle& queue,
                      std::shared_ptr<const queues::Offer> offer, NumberedDone done) {
    self_ = self;
    queue_ = queue;
    offer_ = std::move(offer);
    done_ = std::move(done);
    target_ = offer_->first + offer_->messages.size() - 1;
    self->set_down_handler([self](const caf::down_msg&) { self->quit(); });
    self->monitor(caf::actor_cast<caf::actor>(queue_));
    self->delayed_send(self, lifetime, WakeMessage{});
    // As a forwarder: a queue that does not serve its shard refuses it, as an outbox would not tell the
    // next owner of the producer's numbers.
    self->send(queue_, queues::AttachMessage{{offer_->producer, offer_->epoch},
                                             caf::actor_cast<caf::strong_actor_ptr>(self),
                                             true});
    return {
        [this](const queues::AttachReply& m) { on_attached(m); },
        [this](const queues::OfferReply& m) { on_reply(m); },
        [](const queues::ResumeMessage&) {},
        [self](const WakeMessage&) { self->quit(); },
    };
  }

 private:
  // A refusal may also come after the offer, when another one takes the producer over.
  void on_attached(const queues::AttachReply& m) {
    if (m.refusal) return end(*m.refusal);
    if (std::exchange(is_offered_, true)) return;
    outcome_.known = m.last;
    if (offer_->first > m.last + 1) {
      return end(Error{ErrorCode::out_of_order, "expected " + std::to_string(m.last + 1) +
                                                    " as the producer's next number, got " +
                                                    std::to_string(offer_->first)});
    }
    self_->send(queue_, queues::OfferMessage{offer_});
  }

  void on_reply(const queues::OfferReply& m) {
    outcome_.settled = std::max(outcome_.settled, m.settled);
    if (m.refusal) {
      target_ = std::min(target_, m.taken);
      if (!refusal_) refusal_ = *m.refusal;
    }
    if (outcome_.settled >= target_) end(std::move(refusal_));
  }

  void end(std::optional<Error> refusal) {
    outcome_.refusal = std::move(refusal);
    if (done_) std::exchange(done_, nullptr)(outcome_);
    self_->quit();
  }

  caf::event_based_actor* self_ = nullptr;
  queues::QueueHandle queue_;
  std::shared_ptr<const queues::Offer> offer_;
  NumberedDone done_;
  std::uint64_t target_ = 0;  ///< number with which the offer is settled, as far as it was taken
  NumberedOutcome outcome_;
  std::optional<Error> refusal_{};
  bool is_offered_ = false;
};

}  // namespace

caf::actor spawn_numbered(caf::actor_system& system, queues::QueueHandle queue,
                          std::shared_ptr<const queues::Offer> offer, NumberedDone done) {
  return system.spawn(
      [](caf::stateful_actor<NumberedShell>* self, const queues::QueueHandle& to,
         std::shared_ptr<const queues::Offer> messages, NumberedDone then) {
        return self->state.start(self, to, std::move(messages), std::move(then));
      },
      std::move(queue), std::move(offer), std::move(done));
}

}  // namespace millrace::senders
