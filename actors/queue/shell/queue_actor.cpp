#include "actors/queue/shell/queue_actor.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/shell/tick_timer.hpp"
#include "actors/queue/decide/apply.hpp"
#include "actors/queue/decide/decide_due.hpp"
#include "actors/queue/move/source.hpp"
#include "actors/queue/shell/body_reads.hpp"
#include "actors/queue/shell/breaker_desk.hpp"
#include "actors/queue/shell/compaction.hpp"
#include "actors/queue/shell/installer.hpp"
#include "actors/queue/shell/outcomes.hpp"
#include "actors/queue/shell/paging.hpp"
#include "actors/queue/shell/pauses.hpp"
#include "actors/queue/shell/pending_replies.hpp"
#include "actors/queue/shell/pressure.hpp"
#include "actors/queue/shell/receivers.hpp"
#include "actors/queue/shell/removals.hpp"
#include "actors/queue/shell/sessions.hpp"
#include "actors/queue/shell/topic_desk.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/lease_table.hpp"

namespace millrace::queues {
namespace {

constexpr DurationUs forget_interval_us = 3'600'000'000;
constexpr DurationUs room_poll_us = 200'000;
constexpr const char* node_stops = "the node is stopping";

// Every handler follows one pattern: the core decides, the decision is proposed to the log, and
// on_commit() applies it when it is durable. Then dispatch_ready() leases what has become ready.
class QueueShell {
 public:
  QueueShell(QueueHandle::pointer self, QueueActorConfig config)
      : self_(self),
        log_(*config.log),
        clock_(*config.clock),
        core_(std::move(config.state)),
        random_(core_->number * 0x9e3779b97f4a7c15u + config.seed),
        monitor_(std::move(config.on_violation)),
        sessions_(*core_),
        receivers_(*core_, self),
        removals_(*core_, log_, std::move(config.origins)),
        pauses_(*core_, std::move(config.start_paused)),
        breaker_(*core_, std::move(config.breaker)),
        outcomes_(*core_, breaker_, receivers_,
                  [this](Decision decision) { propose_decision(std::move(decision)); }),
        replies_(*core_),
        installer_(*core_),
        pressure_(std::move(config.feeders), std::move(config.cycle)),
        bodies_(*core_, config.reader, self),
        compaction_(*core_, config.reader, self),
        paging_(
            *core_, config.states, self, [this] { on_paged(); },
            [this](Decision decision) { propose_decision(std::move(decision)); }),
        topics_(*core_, config.reader, self,
                [this](Decision decision) { propose_decision(std::move(decision)); }),
        on_outdated_(std::move(config.on_outdated)),
        seen_(now()),
        forget_due_us_(seen_.steady_us + forget_interval_us) {
    const Limits& limits = core_->limits;
    if (limits.keep_state_us > 0 || limits.keep_history_us > 0) aged_due_us_ = seen_.steady_us;
    core_->live.quiesced = core_->live.sealed = config.quiesced;
    pauses_.begin(self_);
  }

  QueueHandle::behavior_type behavior() {
    self_->set_down_handler([this](const caf::down_msg& down) { on_receiver_down(down); });
    self_->set_exit_handler([this](const caf::exit_msg& exit) {
      cancel_replies(node_stops);
      topics_.end();
      self_->quit(exit.reason);
    });
    return {
        // Producers.
        [this](const AttachMessage& m) { on_attach(m); },
        [this](const OfferMessage& m) { on_offer(m); },
        // The log.
        [this](const CommitMessage& m) { on_commit(m); },
        [this](const BodiesMessage& m) { on_bodies(m); },
        [this](const CompactMessage& m) { compaction_.begin(m); },
        [this](const CompactStepMessage&) { compaction_.step(); },
        [this](const SnapshotMessage& m) { on_snapshot(m); },
        [](const TaskMessage& m) { (*m.run)(); },
        // Receivers.
        [this](const SubscribeMessage& m) { on_subscribe(m); },
        [this](const ClaimMessage& m) { on_claim(m); },
        [this](const UnclaimMessage& m) { receivers_.unclaim(m); },
        [this](const CompleteMessage& m) { on_complete(m); },
        [this](const ReleaseMessage& m) { on_release(m); },
        [this](const BeginMessage& m) { on_begin(m); },
        [this](const LostMessage& m) { on_lost(m); },
        [this](const ExtendMessage& m) { on_extend(m); },
        [this](const PressureMessage& m) { on_pressure(m); },
        [this](const RewiredMessage&) { on_rewired(); },
        [this](const WakeMessage&) { dispatch_ready(); },
        // Moves.
        [this](const QuiesceMessage& m) { return on_quiesce(m); },
        [this](const ServeMessage&) { on_serve(); },
        [this](const InstallMessage& m) { on_install(m); },
        [this](const AbandonMessage& m) { on_abandon(m); },
        [this](const RetireMessage&) { on_retire(); },
        [this](const FlushMessage&) { return on_flush(); },
        // Operators.
        [this](const PageMessage& m) { return on_page(m); },
        [this](const RemoveMessage& m) { return on_remove(m); },
        [this](const PauseMessage& m) { return on_pause(m); },
        [this](const ExplainMessage& m) {
          return ExplainReply{explain(*core_, m.sequence, m.id, now())};
        },
        [this](const InspectMessage& m) { return on_inspect(m); },
        [this](const KeyMessage& m) { return on_key(m); },
        // Clients of topics.
        [this](const TopicMessage& m) { on_topic(m); },
        // Time, and the end of the node.
        [this](const TickMessage& m) { on_tick(m); },
        [this](const DrainMessage&) { return on_drain(); },
    };
  }

 private:
  [[nodiscard]] Now now() const { return clock_.now(); }
  [[nodiscard]] TimeUs wall_us() const { return clock_.now_us(); }
  [[nodiscard]] SteadyUs steady_us() const { return clock_.steady_us(); }
  [[nodiscard]] Room room() const {
    return {log_.is_full(), core_->live.draining, log_.refuses_work()};
  }

  // ---- Records ----

  void propose_decision(Decision decision) {
    if (!decision.record) return;
    propose(*core_, decision);
    ++records_in_flight_;
    replies_.proposed(decision.pending);
    auto proposal = std::make_shared<RecordProposal>();
    proposal->record = std::shared_ptr<const pb::Record>(std::move(decision.record));
    proposal->makes_room = proposal->record->change(0).relocation_size() > 0;
    proposal->owner = core_->number;
    proposal->pending = std::move(decision.pending);
    log_.propose(std::move(proposal));
  }

  void on_commit(const CommitMessage& m) {
    bool has_relocated = false;
    bool has_become_outbox = false;
    for (const CommittedChange& committed_change : *m.changes) {
      const RecordProposal& proposal = *committed_change.proposal;
      const pb::Change& change = proposal.record->change(committed_change.change);
      apply(*core_, {proposal.record, committed_change.place, proposal.bytes, committed_change.lsn},
            change);
      has_become_outbox = has_become_outbox || change.has_become_outbox();
      // The first change of a record is that of the queue that decided it.
      if (proposal.owner != core_->number || committed_change.change != 0) continue;
      on_own_commit(proposal.pending, change);
      has_relocated = has_relocated || change.relocation_size() > 0;
    }
    if (has_become_outbox) on_become_outbox();
    topics_.changed();
    pressure_.update(*core_);
    resume_if_open();
    dispatch_ready();
    if (has_relocated) compaction_.step();
    reply_if_drained();
    replies_.deliver_due();
    install_next();
  }

  void on_own_commit(const Pending& pending, const pb::Change& change) {
    committed(*core_, pending);
    --records_in_flight_;
    replies_.committed(pending);
    removals_.committed(pending.operation, change.drop_size());
    pauses_.committed(pending.pause);
    breaker_.committed(change);
    if (!pending.forgotten.empty() && paging_.has_more_aged()) aged_due_us_ = steady_us();
    topics_.committed(pending);
    sessions_.committed(change);
    if (change.has_install()) installer_.committed();
    if (pending.confirmed_to == nobody) return;
    receivers_.send(pending.confirmed_to, {core_->number, pending.leases, {}});
  }

  // ---- Producers ----

  void on_attach(const AttachMessage& m) {
    if (!sessions_.admits(m)) return;
    AttachDecision attach = decide(*core_, m.request, look().wall_us);
    attach.decision.pending.is_local = !m.forwards;
    sessions_.attached(m, attach);
    if (attach.is_outdated && on_outdated_) {
      on_outdated_({ErrorCode::outdated, attach.refusal->message});
    }
    propose_decision(std::move(attach.decision));
  }

  void on_offer(const OfferMessage& m) {
    if (!sessions_.admits(*m.offer, self_->current_sender())) return;
    OfferDecision offer = decide(*core_, *m.offer, room(), look().wall_us);
    core_->live.duplicates += offer.duplicates;
    offer.decision.pending.is_local = !sessions_.is_forwarded(m.offer->producer);
    propose_decision(std::move(offer.decision));
    monitor_.changed(*core_);
    if (!offer.refusal && offer.duplicates == 0) return;  // the reply follows the commit
    if (offer.refusal && (offer.refusal->code == ErrorCode::storage_full ||
                          offer.refusal->code == ErrorCode::log_unreachable)) {
      poll_for_room();
    }
    sessions_.reply(*m.offer, offer);
  }

  // Reads the clock, and logs that it was set forwards. Comes before each decision about producers.
  Now look() {
    const Now now_at = now();
    propose_decision(decide_step(*core_, std::exchange(seen_, now_at), now_at));
    return now_at;
  }

  // Lets refused senders offer again when there is room.
  void resume_if_open() {
    const bool is_open = !is_above(*core_, core_->limits.low_water_percent) &&
                         core_->live.closed == 0 && !is_polling_;
    if (is_open) sessions_.resume();
  }

  // ---- Receivers ----

  void on_subscribe(const SubscribeMessage& m) {
    if (core_->is_outbox && !m.forwards) return;
    receivers_.add(m);
    dispatch_ready();
  }

  void on_claim(const ClaimMessage& m) {
    if (core_->is_outbox) return;
    receivers_.claim(m);
    dispatch_ready();
  }

  void on_release(const ReleaseMessage& m) {
    for (const LeaseId id : m.leases) release_lease(*core_, id);
    dispatch_ready();
    reply_if_drained();
    replies_.deliver_due();
  }

  void on_complete(const CompleteMessage& m) {
    outcomes_.take(m, sender(), now(), random_());
    dispatch_ready();
  }

  // Of the current message.
  [[nodiscard]] ReceiverId sender() const {
    const auto sender = self_->current_sender();
    return sender ? sender->id() : nobody;
  }

  void on_begin(const BeginMessage& m) {
    begin_work(*core_, m.lease);
    if (m.demand == 0) return;
    outcomes_.add_demand(sender(), m.demand);
    dispatch_ready();
  }

  void on_lost(const LostMessage& m) {
    outcomes_.add_demand(sender(), m.demand);
    const auto lease = core_->live.leases.find(m.lease);
    if (lease != core_->live.leases.end() && !lease->second.settling) {
      if (m.is_alone) begin_work(*core_, m.lease);
      outcomes_.lost({&m.lease, 1},
                     m.has_overrun ? ErrorCode::lease_expired : ErrorCode::receiver_lost, now(),
                     random_());
    }
    dispatch_ready();
  }

  void on_extend(const ExtendMessage& m) {
    for (const LeaseId id : m.leases) extend_lease(*core_, id, time_after(steady_us(), m.by_us));
  }

  void on_receiver_down(const caf::down_msg& down) {
    const ReceiverId id = down.source.id();
    if (!receivers_.remove(id)) return;
    const std::vector<LeaseId> leases = leases_of(*core_, id);
    if (core_->live.draining) {
      // The node ends its receivers, so this is no failure of the messages.
      for (const LeaseId lease : leases) end_lease(*core_, lease);
      monitor_.changed(*core_);
      reply_if_drained();
      return;
    }
    outcomes_.lost(leases, ErrorCode::receiver_lost, now(), random_());
    dispatch_ready();
  }

  void on_pressure(const PressureMessage& m) {
    std::uint32_t& count = m.in_cycle ? core_->live.closed : core_->live.blocked;
    count += m.on ? 1u : ~0u;
    if (m.in_cycle) {
      resume_if_open();
    } else if (count == 0) {
      dispatch_ready();
    }
  }

  void on_rewired() {
    pressure_.release(*core_);
    pressure_.update(*core_);
  }

  // Leases what is ready to receivers with demand, and schedules the next tick.
  void dispatch_ready() {
    const Now now_at = now();
    core_->live.exhausted = log_.is_exhausted();
    is_polling_ = is_polling_ || core_->live.exhausted;
    Dispatch dispatched;
    breaker_.permit(now_at.steady_us);
    do {
      dispatched = dispatch(*core_, now_at);
      receivers_.send(std::move(dispatched.grants));
      outcomes_.give_up(dispatched.give_up, now_at.wall_us);
    } while (dispatched.needs_states && paging_.load());
    if (dispatched.needs_bodies) bodies_.request();
    receivers_.send(end_claims(*core_, dispatched));
    breaker_.settle(now_at.steady_us);
    propose_decision(breaker_.record(now_at.wall_us));
    paging_.trim();
    schedule_tick();
    monitor_.changed(*core_);
  }

  // The dirty keys are on their way to the state store before the checkpoint is.
  void on_snapshot(const SnapshotMessage& m) {
    paging_.write_all();
    (*m.sink)(*core_);
  }

  void on_paged() {
    dispatch_ready();
    install_next();
  }

  void on_bodies(const BodiesMessage& m) {
    if (m.purpose == BodiesFor::compaction) return relocate(*m.bodies);
    if (m.purpose == BodiesFor::topics) return topics_.on_bodies(*m.bodies);
    bodies_.take(m);
    dispatch_ready();
  }

  void relocate(const std::vector<RelocatedBody>& bodies) {
    Decision relocations = compaction_.relocate(bodies, wall_us());
    if (relocations.record) {
      propose_decision(std::move(relocations));
    } else {
      caf::anon_send(caf::actor_cast<caf::actor>(self_), CompactStepMessage{});
    }
  }

  // ---- Moves ----

  caf::typed_response_promise<QuiescedReply> on_quiesce(const QuiesceMessage& m) {
    MILLRACE_ASSERT(core_->declaration != nullptr);
    auto promise = self_->make_response_promise<QuiescedReply>();
    core_->live.quiesced = true;
    topics_.pause();
    receivers_.recall();
    core_->live.sealed = core_->live.sealed || m.seals;
    replies_.add(m, promise);
    if (core_->live.draining) replies_.cancel_quiesce(node_stops);
    return promise;
  }

  void on_serve() {
    core_->live.quiesced = core_->live.sealed = false;
    pauses_.begin(self_);
    replies_.cancel_quiesce("the move was given up");
    replies_.deliver_due();
    dispatch_ready();
  }

  void on_install(const InstallMessage& m) {
    installer_.add(m);
    install_next();
  }

  // Parts make keys dirty without end: first what is must be written.
  void install_next() {
    if (has_room_for_keys(*core_)) propose_decision(installer_.next(wall_us()));
  }

  void on_abandon(const AbandonMessage& m) {
    installer_.abandon();
    (*m.done)();
  }

  // The receivers of the former queue must not handle messages of an outbox; NodeActors ends them.
  void on_become_outbox() {
    receivers_.clear();
    breaker_.end();
    sessions_.end_forwarded();
    paging_.clear();
  }

  // The queue ends: cancels its replies and callbacks, and removes its pressure from other queues. Its
  // messages are at the new owner of the shard, so they count as flushed.
  void on_retire() {
    core_->live.draining = true;
    topics_.end();
    breaker_.end();
    compaction_.step();
    pressure_.release(*core_);
    paging_.clear();
    replies_.cancel_quiesce("another node serves the queue");
    replies_.deliver_flushed();
    self_->quit(caf::exit_reason::normal);
  }

  caf::typed_response_promise<FlushedReply> on_flush() {
    auto promise = self_->make_response_promise<FlushedReply>();
    replies_.add(promise);
    if (core_->live.draining) replies_.cancel_flush(node_stops);
    return promise;
  }

  void cancel_replies(const std::string& reason) {
    replies_.cancel_quiesce(reason);
    replies_.cancel_flush(reason);
  }

  // ---- Operators ----

  [[nodiscard]] PageReply on_page(const PageMessage& m) {
    if (m.move_up_to == 0) {
      return {std::make_shared<const Page>(page_of(*core_, m.from, m.max)), nullptr};
    }
    paging_.write_all();  // whoever moves the queue reads its keys from the state store
    MovedPage moved = page_to_move(*core_, m.from, m.move_up_to);
    return {std::make_shared<const Page>(std::move(moved.page)),
            std::make_shared<const std::string>(std::move(moved.columns))};
  }

  caf::typed_response_promise<RemoveReply> on_remove(const RemoveMessage& m) {
    auto promise = self_->make_response_promise<RemoveReply>();
    propose_decision(removals_.decide(m, promise, now()));
    monitor_.changed(*core_);
    return promise;
  }

  caf::typed_response_promise<PauseReply> on_pause(const PauseMessage& m) {
    auto promise = self_->make_response_promise<PauseReply>();
    propose_decision(pauses_.decide(m, promise, look().wall_us));
    schedule_tick();
    return promise;
  }

  [[nodiscard]] QueueStatus on_inspect(const InspectMessage& m) {
    QueueStatus status = status_of(*core_, room(), m.offer_bytes);
    if (m.offer) status.key_use = note_key_use(*core_, *m.offer, look().wall_us);
    return status;
  }

  caf::typed_response_promise<KeyReply> on_key(const KeyMessage& m) {
    auto promise = self_->make_response_promise<KeyReply>();
    paging_.read(m.key, promise);
    return promise;
  }

  void on_topic(const TopicMessage& m) {
    topics_.take(*m.command, room(), look().wall_us);
    schedule_tick();
  }

  // ---- Time, and the end of the node ----

  void on_tick(const TickMessage& m) {
    if (!tick_.is_due(self_, m, steady_us())) return;
    const Now now_at = now();
    const std::vector<LeaseId> overdue = overdue_leases(*core_, now_at.steady_us);
    if (!overdue.empty()) {
      outcomes_.lost(overdue, ErrorCode::lease_expired, now_at, random_());
    }
    if (core_->live.draining) {
      schedule_tick();
      return;
    }
    if (!core_->live.quiesced) act_on_time();
    if (is_polling_ && !log_.is_full() && !log_.refuses_work()) {
      is_polling_ = false;
      sessions_.resume();
    }
    dispatch_ready();
  }

  void act_on_time() {
    const Now now_at = look();
    // A record in flight may show the present time as well.
    if (records_in_flight_ == 0) propose_decision(decide_set_back(*core_, now_at.wall_us));
    propose_decision(decide_timers(*core_, now_at.wall_us));
    propose_decision(decide_resumes(*core_, now_at.wall_us));
    topics_.look(now_at);
    aged_due_us_ = paging_.look_for_aged(now_at);
    if (now_at.steady_us < forget_due_us_) return;
    forget_due_us_ = now_at.steady_us + forget_interval_us;
    propose_decision(decide_forget(*core_, now_at.wall_us));
  }

  void poll_for_room() {
    is_polling_ = true;
    schedule_tick();
  }

  // Sets the timer to the earliest time at which something is due.
  void schedule_tick() {
    const Now now_at = now();
    const auto consider = [&](SteadyUs due_us) {
      tick_.set(self_, due_us, now_at.steady_us);
    };
    const bool is_stopped = core_->live.draining || core_->live.quiesced;
    if (const auto due_us = next_look_us(*core_, now_at)) consider(*due_us);
    if (!core_->durable.dedup.producers().empty() && !is_stopped) consider(forget_due_us_);
    if (is_polling_) consider(now_at.steady_us + room_poll_us);
    if (aged_due_us_ && !is_stopped) consider(*aged_due_us_);
    if (const auto due_us = breaker_.look_us(now_at.steady_us); due_us && !is_stopped) {
      consider(*due_us);
    }
    if (const auto due_us = topics_.look_due(); due_us && !is_stopped) consider(*due_us);
  }

  caf::typed_response_promise<QueueStatus> on_drain() {
    core_->live.draining = true;
    receivers_.recall();
    cancel_replies(node_stops);
    drain_reply_ = self_->make_response_promise<QueueStatus>();
    auto promise = *drain_reply_;
    reply_if_drained();
    return promise;
  }

  // Replies to DrainMessage when nothing is leased and no record is in flight.
  void reply_if_drained() {
    if (!drain_reply_ || records_in_flight_ > 0 || core_->live.in_flight > 0) return;
    if (core_->is_outbox && !receivers_.empty() && core_->durable.index.size() > 0) return;
    drain_reply_->deliver(status_of(*core_, room(), 0));
    drain_reply_.reset();
  }

  QueueHandle::pointer self_;
  RecordLog& log_;
  const Clock& clock_;
  std::unique_ptr<State> core_;
  std::mt19937_64 random_;
  InvariantMonitor monitor_;
  Sessions sessions_;
  Receivers receivers_;
  Removals removals_;
  Pauses pauses_;
  BreakerDesk breaker_;
  Outcomes outcomes_;
  PendingReplies replies_;
  Installer installer_;
  Pressure pressure_;
  BodyReads bodies_;
  Compaction compaction_;
  Paging paging_;
  TopicDesk topics_;
  std::function<void(const Error&)> on_outdated_;
  std::optional<caf::typed_response_promise<QueueStatus>> drain_reply_;
  std::uint64_t records_in_flight_ = 0;  ///< records that this queue decided
  TickTimer tick_;
  Now seen_;                             ///< the clock at the last look()
  SteadyUs forget_due_us_;               ///< next search for idle producers
  std::optional<SteadyUs> aged_due_us_;  ///< next search for keys to forget
  bool is_polling_ = false;  ///< the log was full or unreachable: look again every room_poll_us
};

// Created by the actor's first run; CAF destroys it when the actor ends.
struct QueueActorState {
  static inline const char* name = "millrace.queue";
  std::unique_ptr<QueueShell> shell;
};

}  // namespace

QueueHandle spawn_queue(caf::actor_system& system, QueueActorConfig config) {
  return system.spawn(
      [](QueueHandle::stateful_pointer<QueueActorState> self, QueueActorConfig inner) {
        self->state.shell = std::make_unique<QueueShell>(self, std::move(inner));
        return self->state.shell->behavior();
      },
      std::move(config));
}

}  // namespace millrace::queues
