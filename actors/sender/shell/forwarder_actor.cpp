#include "actors/sender/shell/forwarder_actor.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/shell/tick_timer.hpp"
#include "actors/sender/core/forwarder_core.hpp"

namespace millrace::forwarders {
namespace {

constexpr std::uint64_t only_epoch =
    1;  // a new data directory has a new producer name, so epochs never grow

class ForwarderShell {
 public:
  static inline const char* name = "millrace.forwarder";

  caf::behavior start(caf::event_based_actor* self, ForwarderConfig config) {
    self_ = self;
    config_ = std::move(config);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    self->send(config_.source,
               queues::SubscribeMessage{caf::actor_cast<caf::strong_actor_ptr>(self),
                                        config_.credit, true});
    return {
        [this](const queues::GrantMessage& m) { on_grants(m); },
        [this](const queues::AttachReply& m) { on_attached(m); },
        [this](const queues::OfferReply& m) { on_reply(m); },
        [this](const queues::ResumeMessage&) {
          on_resume(core_.stream);
          offer();
        },
        [this](const RetargetMessage& m) { on_retarget(m); },
        [this](const LinkMessage& m) { on_link(m.is_up); },
        [this](const queues::DrainMessage&) { on_drain(); },
        [this](const GiveBackMessage&) { end(); },
        [this](const TickMessage& m) {
          if (tick_.is_due(self_, m, now())) on_tick();
        },
    };
  }

 private:
  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }

  void on_grants(const queues::GrantMessage& m) {
    for (const queues::Grant& grant : *m.grants) forwarders::on_grant(core_, grant);
    if (!core_.stream.is_attached) {
      attach();
    } else {
      offer();
    }
  }

  // Sends an attach again until it is answered. Called only while a lease is held.
  void attach() {
    self_->send(config_.target,
                queues::AttachMessage{{config_.producer, only_epoch, core_.stream.settled,
                                       config_.generations, config_.accepts_loss},
                                      caf::actor_cast<caf::strong_actor_ptr>(self_),
                                      true});
    schedule(now() + config_.limits.resend_first_us);
  }

  void on_attached(const queues::AttachReply& m) {
    if (m.refusal && m.refusal->code == ErrorCode::outdated && config_.on_outdated) {
      config_.on_outdated(*m.refusal);
    }
    if (m.refusal) return back_off(*m.refusal);
    if (const auto result = forwarders::on_attached(core_, m.last); !result)
      return back_off(result.error());
    proceed();
  }

  void on_reply(const queues::OfferReply& m) {
    if (!core_.stream.is_attached) return;  // answers an earlier attachment
    if (m.refusal && m.refusal->code == ErrorCode::not_owner) {
      // May be a late answer of the former owner: attach again, so that the current target answers.
      on_detached(core_);
      return attach();
    }
    const auto settled =
        on_answer(core_.stream, {m.settled, m.taken, m.refusal}, config_.limits, now());
    if (!settled) {
      on_detached(core_);
      return back_off(settled.error());
    }
    proceed();
  }

  void on_retarget(const RetargetMessage& m) {
    config_.target = m.target;
    attach_again();
  }

  void attach_again() {
    is_cut_off_ = false;
    on_detached(core_);
    if (core_.lease != 0) attach();
  }

  void on_link(bool is_up) {
    if (is_up) return attach_again();
    is_cut_off_ = true;
    on_detached(core_);
    if (is_draining_) return end();
    // So that the outbox knows what the target has confirmed, should the target's node come back with
    // less: see cluster/move/core/comparison_core.hpp.
    if (core_.lease != 0 && core_.stream.kept.size() < core_.run) complete(give_back(core_));
  }

  void on_drain() {
    is_draining_ = true;
    if (is_cut_off_) return end();
    restart_patience();
  }

  void restart_patience() {
    patience_settled_ = core_.stream.settled;
    patience_until_us_ = now() + config_.patience_us;
    schedule(patience_until_us_);
  }

  // Called while draining, when the outbox is not empty: if no message has been settled since
  // restart_patience(), the target accepts nothing.
  [[nodiscard]] bool is_out_of_patience() {
    if (core_.stream.settled > patience_settled_) restart_patience();
    if (now() >= patience_until_us_) return true;
    schedule(patience_until_us_);
    return false;
  }

  void end() {
    complete(give_back(core_));
    self_->quit(caf::exit_reason::user_shutdown);
  }

  // Tries again later; the messages stay in the outbox. not_owner means that the shard is being
  // moved, which is short. Any other refusal needs an operator, so it is logged as a warning.
  void back_off(const Error& refusal) {
    const bool is_brief = refusal.code == ErrorCode::not_owner;
    if (refusal.message != last_refusal_) {
      last_refusal_ = refusal.message;
      spdlog::log(is_brief ? spdlog::level::info : spdlog::level::warn, "{} waits: {}: {}",
                  config_.outbox, to_string(refusal.code), refusal.message);
    }
    schedule(now() + (is_brief ? config_.limits.resend_first_us : config_.limits.resend_max_us));
  }

  void proceed() {
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
    if (is_draining_ && is_out_of_patience()) return end();
    if (core_.lease == 0) return;
    if (!core_.stream.is_attached) return attach();
    // The target may have restarted and lost the attachment, so attach before offering again.
    if (resend_if_due(core_.stream, config_.limits, now())) {
      on_detached(core_);
      return attach();
    }
    offer();
  }

  void schedule(SteadyUs due_us) { tick_.set(self_, due_us, now()); }

  caf::event_based_actor* self_ = nullptr;
  ForwarderConfig config_;
  State core_;
  std::string last_refusal_;
  TickTimer tick_;
  bool is_cut_off_ = false;  ///< the link to the target is down
  bool is_draining_ = false;
  std::uint64_t patience_settled_ = 0;  ///< stream.settled at the last restart_patience()
  SteadyUs patience_until_us_ = 0;
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
