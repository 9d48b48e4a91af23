#include "actors/queue/shell/queue_actor.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <caf/all.hpp>

#include "actors/queue/decide/apply.hpp"
#include "actors/queue/decide/decide_due.hpp"
#include "actors/queue/shell/compaction.hpp"
#include "actors/queue/shell/inspection.hpp"
#include "actors/queue/shell/installs.hpp"
#include "actors/queue/shell/pressure.hpp"
#include "actors/queue/shell/receivers.hpp"
#include "actors/queue/shell/removals.hpp"
#include "actors/queue/shell/sessions.hpp"
#include "actors/queue/shell/waits.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/lease_table.hpp"

namespace millrace::queues {
namespace {

constexpr std::size_t bodies_per_read = 2048;
constexpr DurationUs forget_interval_us = 3'600'000'000;
constexpr DurationUs full_poll_us = 200'000;
constexpr const char* stopping = "the node is stopping";

class QueueShell {
 public:
  static inline const char* name = "millrace.queue";

  QueueHandle::behavior_type start(QueueHandle::pointer self, QueueActorConfig config) {
    self_ = self;
    config_ = std::move(config);
    core_ = std::move(config_.state);
    core_->live.quiesced = core_->live.sealed = config_.quiesced;
    sessions_.emplace(*core_);
    receivers_.emplace(*core_, self);
    waits_.emplace(*core_);
    installs_.emplace(*core_);
    removals_.emplace(*core_, *config_.log, config_.origins);
    compaction_.emplace(Compaction::Surroundings{core_.get(), config_.reader,
                                                 caf::actor_cast<caf::strong_actor_ptr>(self),
                                                 [this](Decision moves) {
                                                   propose_decision(std::move(moves));
                                                 }});
    pressure_.emplace(std::move(config_.feeders), std::move(config_.cycle));
    random_.seed(core_->number * 0x9e3779b97f4a7c15u + config_.seed);
    forget_due_us_ = now() + forget_interval_us;
    self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    self->set_exit_handler([this](const caf::exit_msg& exit) {
      give_up_waits(stopping);
      self_->quit(exit.reason);
    });
    return {
        [this](const AttachMessage& m) { on_attach(m); },
        [this](const OfferMessage& m) { on_offer(m); },
        [this](const CommitMessage& m) { on_commit(m); },
        [this](const SubscribeMessage& m) { on_subscribe(m); },
        [this](const CompleteMessage& m) { on_complete(m); },
        [this](const BeginMessage& m) { begin_work(*core_, m.lease); },
        [this](const ExtendMessage& m) {
          for (const LeaseId lease : m.leases) extend_lease(*core_, lease, now() + m.by_us);
        },
        [this](const PressureMessage& m) { on_pressure(m); },
        [this](const BodiesMessage& m) { on_bodies(m); },
        [this](const SnapshotMessage& m) { (*m.sink)(*core_); },
        [this](const CompactMessage& m) { compaction_->begin(m); },
        [this](const CompactStepMessage&) { compaction_->step(); },
        [this](const DrainMessage&) { return on_drain(); },
        [this](const QuiesceMessage& m) { return on_quiesce(m); },
        [this](const ServeMessage&) { on_serve(); },
        [this](const InstallMessage& m) { on_install(m); },
        [this](const AbandonMessage& m) {
          installs_->abandon();
          (*m.done)();
        },
        [this](const RewiredMessage&) {
          pressure_->release(*core_);
          pressure_->update(*core_);
        },
        [this](const RetireMessage&) { on_retire(); },
        [this](const FlushMessage&) { return on_flush(); },
        [this](const PageMessage& m) { return page_of(*core_, m); },
        [this](const RemoveMessage& m) { return on_remove(m); },
        [this](const TickMessage& m) {
          if (m.due_us == tick_due_us_) on_tick();  // else an earlier one has taken its place
        },
        [this](const InspectMessage& m) { return status_of(*core_, room(), m.offer_bytes); },
        [this](const KeyMessage& m) { return key_of(*core_, m.key); },
    };
  }

 private:
  [[nodiscard]] TimeUs now() const { return config_.clock->now_us(); }
  [[nodiscard]] Room room() const { return {config_.log->is_full(), core_->live.draining}; }

  void propose_decision(Decision decision) {
    if (!decision.record) return;
    propose(*core_, decision);
    ++proposed_;
    waits_->proposed(decision.pending);
    auto proposal = std::make_shared<RecordProposal>();
    proposal->record = std::shared_ptr<const pb::Record>(std::move(decision.record));
    proposal->makes_room = proposal->record->change(0).relocation_size() > 0;
    proposal->owner = core_->number;
    proposal->pending = std::move(decision.pending);
    config_.log->propose(std::move(proposal));
  }

  void on_attach(const AttachMessage& m) {
    if (!sessions_->admits(m)) return;
    AttachDecision attach = decide(*core_, m.request, now());
    attach.decision.pending.is_local = !m.forwards;
    sessions_->attached(m, attach);
    propose_decision(std::move(attach.decision));
  }

  void on_offer(const OfferMessage& m) {
    if (!sessions_->admits(*m.offer, self_->current_sender())) return;
    OfferDecision offer = decide(*core_, *m.offer, room(), now());
    core_->live.repeats += offer.repeats;
    offer.decision.pending.is_local = !sessions_->is_forwarded(m.offer->producer);
    propose_decision(std::move(offer.decision));
    if (!offer.refusal && offer.repeats == 0) return;  // the commit answers
    if (offer.refusal && offer.refusal->code == ErrorCode::storage_full) poll_for_room();
    sessions_->answer(*m.offer, offer);
  }

  void on_commit(const CommitMessage& m) {
    bool moved = false;
    bool handed_over = false;
    for (const CommittedChange& change : *m.changes) {
      const std::shared_ptr<const pb::Record>& record = change.proposal->record;
      apply(*core_, {record, change.place}, record->change(change.change));
      handed_over = handed_over || record->change(change.change).has_become_outbox();
      if (change.proposal->owner != core_->number || change.change != 0) continue;
      committed(*core_, change.proposal->pending);
      --proposed_;
      waits_->committed(change.proposal->pending);
      removals_->committed(change.proposal->pending.operation, record->change(0).drop_size());
      sessions_->committed(record->change(0));
      if (record->change(0).has_install()) installs_->committed();
      moved = moved || record->change(0).relocation_size() > 0;
    }
    if (handed_over) on_handed_over();
    pressure_->update(*core_);
    resume_if_open();
    run_dispatch();
    if (moved) compaction_->step();
    answer_drain();
    waits_->answer();
    propose_decision(installs_->next(now()));
  }

  void on_subscribe(const SubscribeMessage& m) {
    receivers_->add(m);
    run_dispatch();
  }

  void on_complete(const CompleteMessage& m) {
    m.complete->jitter = random_();
    std::uint32_t messages = 0;
    for (const LeaseOutcome& outcome : m.complete->outcomes) {
      messages += static_cast<std::uint32_t>(outcome.messages.size());
    }
    CompleteDecision complete = decide(*core_, *m.complete, now());
    propose_decision(std::move(complete.decision));
    if (const auto sender = self_->current_sender()) {
      const auto receiver = core_->live.receivers.find(sender->id());
      if (receiver != core_->live.receivers.end()) receiver->second.demand += messages;
    }
    run_dispatch();
  }

  void on_pressure(const PressureMessage& m) {
    std::uint32_t& count = m.in_cycle ? core_->live.closed : core_->live.blocked;
    count += m.on ? 1u : ~0u;
    if (m.in_cycle) {
      resume_if_open();
    } else if (count == 0) {
      run_dispatch();
    }
  }

  void on_bodies(const BodiesMessage& m) {
    if (m.compaction) return compaction_->read(*m.bodies, now());
    core_->live.loading = false;
    for (const auto& [sequence, body] : *m.bodies) {
      if (core_->durable.index.find(sequence) != nullptr) {
        core_->durable.index.set_body(sequence, body);
      }
    }
    run_dispatch();
  }

  void on_down(const caf::down_msg& down) {
    const ReceiverId id = down.source.id();
    if (!receivers_->remove(id)) return;
    const std::vector<LeaseId> leases = leases_of(*core_, id);
    if (core_->live.draining) {
      // The node ends it, or would in a moment: nobody has failed.
      for (const LeaseId lease : leases) end_lease(*core_, lease);
      answer_drain();
      return;
    }
    lose(leases, ErrorCode::receiver_lost);
    run_dispatch();
  }

  caf::typed_response_promise<RemoveReply> on_remove(const RemoveMessage& m) {
    auto promise = self_->make_response_promise<RemoveReply>();
    propose_decision(removals_->decide(m, promise, now()));
    return promise;
  }

  caf::typed_response_promise<QuiescedReply> on_quiesce(const QuiesceMessage& m) {
    MILLRACE_ASSERT(core_->declaration != nullptr);
    auto promise = self_->make_response_promise<QuiescedReply>();
    core_->live.quiesced = true;
    core_->live.sealed = core_->live.sealed || m.seals;
    waits_->quiesce(m, promise);
    if (core_->live.draining) waits_->give_up_quiescing(stopping);
    return promise;
  }

  void on_serve() {
    core_->live.quiesced = core_->live.sealed = false;
    waits_->give_up_quiescing("it is not moved any more");
    waits_->answer();
    run_dispatch();
  }

  void on_install(const InstallMessage& m) {
    installs_->add(m);
    propose_decision(installs_->next(now()));
  }

  // Nobody may wait for what a queue would have done that is no more.
  void on_retire() {
    core_->live.draining = true;
    compaction_->step();
    pressure_->release(*core_);
    give_up_waits("it is another node's now");
    self_->quit(caf::exit_reason::user_shutdown);
  }

  void give_up_waits(const std::string& why) {
    waits_->give_up_quiescing(why);
    waits_->give_up_flush(why);
  }

  caf::typed_response_promise<FlushedReply> on_flush() {
    auto promise = self_->make_response_promise<FlushedReply>();
    waits_->flush(promise);
    if (core_->live.draining) waits_->give_up_flush(stopping);
    return promise;
  }

  // Who received from the queue is of no use to an outbox, and is ended by who began it.
  void on_handed_over() {
    receivers_->forget_all();
    sessions_->end_forwarded();
  }

  caf::typed_response_promise<QueueStatus> on_drain() {
    core_->live.draining = true;
    give_up_waits(stopping);
    drained_ = self_->make_response_promise<QueueStatus>();
    auto promise = *drained_;
    answer_drain();
    return promise;
  }

  // Everything is settled: nothing is leased, nothing is on its way into the log.
  void answer_drain() {
    if (!drained_ || proposed_ > 0 || core_->live.in_flight > 0) return;
    if (core_->is_outbox && !receivers_->empty() && core_->durable.index.size() > 0) return;
    drained_->deliver(status_of(*core_, room(), 0));
    drained_.reset();
  }

  void on_tick() {
    tick_due_us_ = 0;
    expire_leases();
    if (core_->live.draining) {
      schedule_tick();
      return;
    }
    if (!core_->live.quiesced) act_on_time(now());
    if (polling_ && !config_.log->is_full()) {
      polling_ = false;
      sessions_->resume();
    }
    run_dispatch();
  }

  void act_on_time(TimeUs now_us) {
    propose_decision(decide_timers(*core_, now_us));
    if (now_us < forget_due_us_) return;
    forget_due_us_ = now_us + forget_interval_us;
    propose_decision(decide_forget(*core_, now_us));
  }

  void expire_leases() { lose(overdue_leases(*core_, now()), ErrorCode::lease_expired); }

  void lose(std::span<const LeaseId> leases, ErrorCode code) {
    in_records(leases, [&](std::span<const LeaseId> some) {
      return decide_lost(*core_, some, code, random_(), now());
    });
  }

  // Decides on all of `leases`, in records that fit into the log.
  template <class Decide>
  void in_records(std::span<const LeaseId> leases, Decide decide) {
    while (!leases.empty()) {
      const std::size_t count = fitting(*core_, leases);
      propose_decision(decide(leases.first(count)));
      leases = leases.subspan(count);
    }
  }

  void run_dispatch() {
    const TimeUs now_us = now();
    core_->live.exhausted = config_.log->is_exhausted();
    polling_ = polling_ || core_->live.exhausted;
    Dispatch round = dispatch(*core_, now_us);
    receivers_->hand_out(std::move(round.grants));
    in_records(round.give_up,
               [&](std::span<const LeaseId> some) { return decide_give_up(*core_, some, now_us); });
    request_bodies(round.needs_bodies);
    schedule_tick();
  }

  void request_bodies(bool needed) {
    if (!needed || core_->live.loading || !config_.reader) return;
    auto wanted =
        std::make_shared<const std::vector<WantedBody>>(wanted_bodies(*core_, bodies_per_read));
    core_->live.loading = true;
    caf::anon_send(config_.reader, ReadMessage{std::move(wanted), core_->number,
                                               caf::actor_cast<caf::strong_actor_ptr>(self_)});
  }

  // Below the low water, and with room around, senders that were refused may come again.
  void resume_if_open() {
    if (!is_above(*core_, core_->limits.low_water_percent) && core_->live.closed == 0 &&
        !polling_) {
      sessions_->resume();
    }
  }

  void poll_for_room() {
    polling_ = true;
    schedule_tick();
  }

  void schedule_tick() {
    TimeUs due_us = next_due_us(*core_);
    const bool rests = core_->live.draining || core_->live.quiesced;
    if (!core_->durable.dedup.producers().empty() && !rests &&
        (due_us == 0 || due_us > forget_due_us_)) {
      due_us = forget_due_us_;
    }
    if (polling_ && (due_us == 0 || due_us > now() + full_poll_us)) due_us = now() + full_poll_us;
    if (due_us == 0 || (tick_due_us_ != 0 && tick_due_us_ <= due_us)) return;
    tick_due_us_ = due_us;
    const DurationUs wait_us = std::max<DurationUs>(due_us - now(), 0);
    self_->delayed_send(self_, std::chrono::microseconds(wait_us), TickMessage{due_us});
  }

  QueueHandle::pointer self_ = nullptr;
  QueueActorConfig config_;
  std::unique_ptr<State> core_;
  std::mt19937_64 random_;
  std::optional<Sessions> sessions_;
  std::optional<Receivers> receivers_;
  std::optional<caf::typed_response_promise<QueueStatus>> drained_;
  std::optional<Removals> removals_;
  std::optional<Waits> waits_;
  std::optional<Installs> installs_;
  std::optional<Pressure> pressure_;
  std::optional<Compaction> compaction_;
  std::uint64_t proposed_ = 0;  ///< records of this queue on their way into the log
  TimeUs tick_due_us_ = 0;
  TimeUs forget_due_us_ = 0;
  bool polling_ = false;
};

}  // namespace

QueueHandle spawn_queue(caf::actor_system& system, QueueActorConfig config) {
  return system.spawn(
      [](QueueHandle::stateful_pointer<QueueShell> self, QueueActorConfig inner) {
        return self->state.start(self, std::move(inner));
      },
      std::move(config));
}

}  // namespace millrace::queues
