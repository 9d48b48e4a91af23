#include "actors/sender/shell/forwarder_actor.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/sender/core/forwarder_core.hpp"

namespace millrace::forwarders {
namespace {

constexpr std::uint64_t only_epoch = 1;  // the producer's name changes with the data directory

class ForwarderShell {
 public:
  static inline const char* name = "millrace.forwarder";

  caf::behavior start(caf::event_based_actor* self, ForwarderConfig config) {
    self_ = self;
    config_ = std::move(config);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    self->send(config_.source, queues::SubscribeMessage{
                                   caf::actor_cast<caf::strong_actor_ptr>(self), config_.credit});
    return {
        [this](const queues::GrantMessage& m) { on_grants(m); },
        [this](const queues::AttachReply& m) { on_attached(m); },
        [this](const queues::OfferReply& m) { on_reply(m); },
        [this](const queues::ResumeMessage&) {
          resumed(core_.stream);
          offer();
        },
        [this](const RetargetMessage& m) { on_retarget(m); },
        [this](const LinkMessage& m) { on_link(m.is_up); },
        [this](const queues::DrainMessage&) { on_drain(); },
        [this](const GiveBackMessage&) { end(); },
        [this](const queues::TickMessage& m) {
          if (m.due_us == tick_due_us_) on_tick();
        },
    };
  }

 private:
  [[nodiscard]] TimeUs now() const { return config_.clock->now_us(); }

  void on_grants(const queues::GrantMessage& m) {
    for (const queues::Grant& grant : *m.grants) granted(core_, grant);
    if (!core_.stream.attached) {
      attach();
    } else {
      offer();
    }
  }

  // Asked again until it is answered; nothing needs an attachment while there is nothing to offer.
  void attach() {
    self_->send(config_.target,
                queues::AttachMessage{{config_.producer, only_epoch, core_.stream.settled},
                                      caf::actor_cast<caf::strong_actor_ptr>(self_),
                                      true});
    schedule(now() + config_.limits.resend_first_us);
  }

  void on_attached(const queues::AttachReply& m) {
    if (m.refusal) return wait_out(*m.refusal);
    if (const auto result = attached(core_, m.last); !result) return wait_out(result.error());
    go_on();
  }

  void on_reply(const queues::OfferReply& m) {
    if (!core_.stream.attached) return;  // of an attachment that is over
    if (m.refusal && m.refusal->code == ErrorCode::not_owner) {
      // Of the former owner, perhaps, and late. Whoever it is now says so when it is asked.
      detached(core_);
      return attach();
    }
    const auto settled =
        answered(core_.stream, {m.settled, m.taken, m.refusal}, config_.limits, now());
    if (!settled) {
      detached(core_);
      return wait_out(settled.error());
    }
    go_on();
  }

  void on_retarget(const RetargetMessage& m) {
    config_.target = m.target;
    begin_anew();
  }

  void begin_anew() {
    is_cut_off_ = false;
    detached(core_);
    if (core_.lease != 0) attach();
  }

  void on_link(bool is_up) {
    if (is_up) return begin_anew();
    is_cut_off_ = true;
    detached(core_);
    if (is_draining_) end();
  }

  void on_drain() {
    is_draining_ = true;
    if (is_cut_off_) return end();
    be_patient();
  }

  void be_patient() {
    settled_before_ = core_.stream.settled;
    patience_until_us_ = now() + config_.patience_us;
    schedule(patience_until_us_);
  }

  // The outbox is not empty, or would have been ended; so what has not moved stands still.
  [[nodiscard]] bool is_out_of_patience() {
    if (core_.stream.settled > settled_before_) be_patient();
    if (now() >= patience_until_us_) return true;
    schedule(patience_until_us_);
    return false;
  }

  void end() {
    complete(give_back(core_));
    self_->quit(caf::exit_reason::user_shutdown);
  }

  // What the target refuses for good is not for a machine to decide: the messages stay here. That a
  // shard is being moved is soon over, one way or the other.
  void wait_out(const Error& refusal) {
    const bool is_brief = refusal.code == ErrorCode::not_owner;
    if (refusal.message != last_refusal_) {
      last_refusal_ = refusal.message;
      spdlog::log(is_brief ? spdlog::level::info : spdlog::level::warn, "{} waits: {}: {}",
                  config_.outbox, to_string(refusal.code), refusal.message);
    }
    schedule(now() + (is_brief ? config_.limits.resend_first_us : config_.limits.resend_max_us));
  }

  void go_on() {
    last_refusal_.clear();
    complete(take_outcome(core_));
    offer();
  }

  void complete(std::optional<queues::LeaseOutcome> outcome) {
    if (!outcome) return;
    auto report = std::make_shared<queues::Complete>();
    report->outcomes.push_back(std::move(*outcome));
    self_->send(config_.source, queues::CompleteMessage{std::move(report)});
  }

  void offer() {
    while (true) {
      senders::OfferBatch batch = next_batch(core_.stream, config_.limits, self_->id(), now());
      if (batch.messages.empty()) break;
      auto offer = std::make_shared<queues::Offer>();
      offer->producer = config_.producer;
      offer->epoch = only_epoch;
      offer->first = batch.first;
      offer->messages = std::move(batch.messages);
      self_->send(config_.target, queues::OfferMessage{std::move(offer)});
    }
    if (core_.stream.resend_at_us != 0) schedule(core_.stream.resend_at_us);
  }

  void on_tick() {
    tick_due_us_ = 0;
    if (is_draining_ && is_out_of_patience()) return end();
    if (core_.lease == 0) return;
    if (!core_.stream.attached) return attach();
    // No answer may mean that the target has started anew and knows nobody, so ask that first.
    if (resend_if_due(core_.stream, config_.limits, now())) {
      detached(core_);
      return attach();
    }
    offer();
  }

  void schedule(TimeUs due_us) {
    if (tick_due_us_ != 0 && tick_due_us_ <= due_us) return;
    tick_due_us_ = due_us;
    self_->delayed_send(self_, std::chrono::microseconds(std::max<DurationUs>(due_us - now(), 0)),
                        queues::TickMessage{due_us});
  }

  caf::event_based_actor* self_ = nullptr;
  ForwarderConfig config_;
  State core_;
  std::string last_refusal_;
  TimeUs tick_due_us_ = 0;
  bool is_cut_off_ = false;  ///< there is no link to the target
  bool is_draining_ = false;
  std::uint64_t settled_before_ = 0;  ///< while it drains: when patience was last had
  TimeUs patience_until_us_ = 0;
};

}  // namespace

caf::actor spawn_forwarder(caf::actor_system& system, ForwarderConfig config) {
  return system.spawn(
      [](caf::stateful_actor<ForwarderShell>* self, ForwarderConfig inner) {
        return self->state.start(self, std::move(inner));
      },
      std::move(config));
}

}  // namespace millrace::forwarders
