#include "actors/queue/queue_actor.hpp"

#include <algorithm>
#include <map>
#include <random>

#include <caf/all.hpp>

#include "actors/queue/decide_due.hpp"
#include "actors/queue/lease_table.hpp"
#include "actors/queue/queue_core.hpp"

namespace millrace::queues {
namespace {

constexpr std::size_t bodies_per_read = 2048;
constexpr DurationUs forget_interval_us = 3'600'000'000;
constexpr DurationUs full_poll_us = 200'000;

class QueueShell {
 public:
  static inline const char* name = "millrace.queue";

  QueueHandle::behavior_type start(QueueHandle::pointer self, QueueActorConfig config) {
    self_ = self;
    config_ = std::move(config);
    core_ = std::move(config_.state);
    random_.seed(core_->number * 0x9e3779b97f4a7c15u + config_.seed);
    forget_due_us_ = now() + forget_interval_us;
    self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    return {
        [this](const AttachMessage& m) { on_attach(m); },
        [this](const OfferMessage& m) { on_offer(m); },
        [this](const CommitMessage& m) { on_commit(m); },
        [this](const SubscribeMessage& m) { on_subscribe(m); },
        [this](const CompleteMessage& m) { on_complete(m); },
        [this](const ExtendMessage& m) { extend_lease(*core_, m.lease, now() + m.by_us); },
        [this](const PressureMessage& m) { on_pressure(m); },
        [this](const BodiesMessage& m) { on_bodies(m); },
        [this](const SnapshotMessage& m) { (*m.sink)(*core_); },
        [this](const DrainMessage&) { return on_drain(); },
        [this](const TickMessage& m) {
          if (m.due_us == tick_due_us_) on_tick();  // else an earlier one has taken its place
        },
        [this](const InspectMessage&) { return status(); },
    };
  }

 private:
  struct Session {
    caf::strong_actor_ptr sender;
    bool refused = false;  ///< waits for a ResumeMessage
  };

  [[nodiscard]] TimeUs now() const { return config_.clock->now_us(); }
  [[nodiscard]] Room room() const { return {config_.log->is_full(), core_->live.draining}; }

  void propose_decision(Decision decision) {
    if (!decision.record) return;
    propose(*core_, decision);
    ++proposed_;
    auto proposal = std::make_shared<RecordProposal>();
    proposal->record = std::shared_ptr<const pb::Record>(std::move(decision.record));
    proposal->owner = core_->number;
    proposal->pending = std::move(decision.pending);
    config_.log->propose(std::move(proposal));
  }

  template <class Message>
  void tell(const caf::strong_actor_ptr& to, Message message) {
    if (to) caf::anon_send(caf::actor_cast<caf::actor>(to), std::move(message));
  }

  void on_attach(const AttachMessage& m) {
    AttachDecision attach = decide(*core_, m.request, now());
    if (attach.refusal) {
      tell(m.sender, AttachReply{core_->number, attach.last, attach.refusal});
      return;
    }
    begin_session(m);
    if (attach.decision.record) {
      attaching_[m.request.producer] = m.sender;
      propose_decision(std::move(attach.decision));
      return;
    }
    tell(m.sender, AttachReply{core_->number, attach.last, std::nullopt});
  }

  // What was on its way for an older session ends as it may; the new one goes on behind it. Two
  // senders that shared a session would give the same numbers to different messages, and one of
  // each pair would be dropped as a repeat.
  void begin_session(const AttachMessage& m) {
    Session& session = sessions_[m.request.producer];
    if (session.sender && session.sender != m.sender) {
      tell(session.sender, AttachReply{core_->number, 0, taken_over(m.request.producer)});
    }
    session = {m.sender, false};
  }

  [[nodiscard]] Error taken_over(const std::string& producer) const {
    return {ErrorCode::fenced,
            "another sender goes on as producer " + producer + " at " + core_->name};
  }

  void on_offer(const OfferMessage& m) {
    const auto session = sessions_.find(m.offer->producer);
    if (session == sessions_.end() || session->second.sender != self_->current_sender()) {
      refuse_stranger(*m.offer, session != sessions_.end());
      return;
    }
    OfferDecision offer = decide(*core_, *m.offer, room(), now());
    core_->live.repeats += offer.repeats;
    propose_decision(std::move(offer.decision));
    if (!offer.refusal && offer.repeats == 0) return;  // the commit answers
    if (offer.refusal) {
      session->second.refused = true;
      if (offer.refusal->code == ErrorCode::storage_full) poll_for_room();
    }
    tell(session->second.sender,
         OfferReply{core_->number, offer.settled, offer.taken, std::move(offer.refusal)});
  }

  // An offer by somebody else than the one who attached last.
  void refuse_stranger(const Offer& offer, bool is_taken_over) {
    const Error error =
        is_taken_over ? taken_over(offer.producer)
                      : Error{ErrorCode::unknown_producer,
                              "producer " + offer.producer + " is not attached to " + core_->name};
    tell(self_->current_sender(), OfferReply{core_->number, 0, 0, error});
  }

  void on_commit(const CommitMessage& m) {
    for (const CommittedChange& change : *m.changes) {
      const std::shared_ptr<const pb::Record>& record = change.proposal->record;
      apply(*core_, {record, change.place}, record->change(change.change));
      if (change.proposal->owner != core_->number || change.change != 0) continue;
      committed(*core_, change.proposal->pending);
      --proposed_;
      answer_producers(record->change(0));
    }
    update_pressure();
    run_dispatch();
    answer_drain();
  }

  void answer_producers(const pb::Change& change) {
    for (const pb::Attach& attach : change.attach()) {
      const auto waiting = attaching_.find(attach.producer());
      if (waiting == attaching_.end()) continue;
      const Producer* producer = core_->durable.dedup.find(attach.producer());
      tell(waiting->second, AttachReply{core_->number, producer->last, std::nullopt});
      attaching_.erase(waiting);
    }
    for (const pb::Produced& produced : change.produced()) {
      const auto session = sessions_.find(produced.producer());
      if (session == sessions_.end()) continue;
      const std::uint64_t last = produced.first() + produced.count() - 1;
      tell(session->second.sender, OfferReply{core_->number, last, last, std::nullopt});
    }
    for (const std::string& producer : change.forget_producer()) sessions_.erase(producer);
  }

  void on_subscribe(const SubscribeMessage& m) {
    const ReceiverId id = m.receiver->id();
    self_->monitor(caf::actor_cast<caf::actor>(m.receiver));
    receivers_[id] = m.receiver;
    core_->live.receivers[id] = {m.credit};
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
    core_->live.blocked += m.on ? 1u : ~0u;
    if (core_->live.blocked == 0) run_dispatch();
  }

  void on_bodies(const BodiesMessage& m) {
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
    if (receivers_.erase(id) == 0) return;
    core_->live.receivers.erase(id);
    const std::vector<LeaseId> leases = leases_of(*core_, id);
    if (core_->live.draining) {
      // The node ends it, or would in a moment: nobody has failed.
      for (const LeaseId lease : leases) end_lease(*core_, lease);
      answer_drain();
      return;
    }
    propose_decision(decide_lost(*core_, leases, ErrorCode::receiver_lost, random_(), now()));
    run_dispatch();
  }

  caf::typed_response_promise<QueueStatus> on_drain() {
    core_->live.draining = true;
    drained_ = self_->make_response_promise<QueueStatus>();
    const auto promise = *drained_;
    answer_drain();
    return promise;
  }

  // Everything is settled: nothing is leased, nothing is on its way into the log.
  void answer_drain() {
    if (!drained_ || proposed_ > 0 || core_->live.in_flight > 0) return;
    drained_->deliver(status());
    drained_.reset();
  }

  void on_tick() {
    tick_due_us_ = 0;
    expire_leases();
    if (core_->live.draining) {
      schedule_tick();
      return;
    }
    const TimeUs now_us = now();
    propose_decision(decide_timers(*core_, now_us));
    if (now_us >= forget_due_us_) {
      forget_due_us_ = now_us + forget_interval_us;
      propose_decision(decide_forget(*core_, now_us));
    }
    if (polling_ && !config_.log->is_full()) {
      polling_ = false;
      resume_senders();
    }
    run_dispatch();
  }

  void expire_leases() {
    const TimeUs now_us = now();
    propose_decision(decide_lost(*core_, overdue_leases(*core_, now_us), ErrorCode::lease_expired,
                                 random_(), now_us));
  }

  void run_dispatch() {
    const TimeUs now_us = now();
    Dispatch round = dispatch(*core_, now_us);
    std::map<ReceiverId, std::vector<Grant>> batches;
    for (Grant& grant : round.grants) batches[grant.receiver].push_back(std::move(grant));
    for (auto& [receiver, grants] : batches) {
      tell(receivers_[receiver],
           GrantMessage{core_->number,
                        std::make_shared<const std::vector<Grant>>(std::move(grants))});
    }
    propose_decision(decide_give_up(*core_, round.give_up, now_us));
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

  void update_pressure() {
    const Limits& limits = core_->limits;
    const MessageIndex& index = core_->durable.index;
    const auto above = [&](std::uint32_t percent) {
      return index.size() * 100 >= limits.backlog_messages * percent ||
             index.bytes() * 100 >= limits.backlog_bytes * percent;
    };
    bool& is_above = core_->live.above_high_water;
    if (!is_above && above(limits.high_water_percent)) {
      is_above = true;
      for (const QueueHandle& feeder : config_.feeders())
        self_->send(feeder, PressureMessage{true});
    } else if (is_above && !above(limits.low_water_percent)) {
      is_above = false;
      for (const QueueHandle& feeder : config_.feeders()) {
        self_->send(feeder, PressureMessage{false});
      }
    }
    if (!above(limits.low_water_percent) && !polling_) resume_senders();
  }

  void resume_senders() {
    for (auto& [producer, session] : sessions_) {
      if (!session.refused) continue;
      session.refused = false;
      tell(session.sender, ResumeMessage{core_->number});
    }
  }

  void poll_for_room() {
    polling_ = true;
    schedule_tick();
  }

  void schedule_tick() {
    TimeUs due_us = next_due_us(*core_);
    if (!core_->durable.dedup.producers().empty() && !core_->live.draining &&
        (due_us == 0 || due_us > forget_due_us_)) {
      due_us = forget_due_us_;
    }
    if (polling_ && (due_us == 0 || due_us > now() + full_poll_us)) due_us = now() + full_poll_us;
    if (due_us == 0 || (tick_due_us_ != 0 && tick_due_us_ <= due_us)) return;
    tick_due_us_ = due_us;
    const DurationUs wait_us = std::max<DurationUs>(due_us - now(), 0);
    self_->delayed_send(self_, std::chrono::microseconds(wait_us), TickMessage{due_us});
  }

  [[nodiscard]] QueueStatus status() const {
    return {core_->number,          core_->durable.ledger,
            core_->live.repeats,    core_->durable.index.bytes(),
            core_->live.in_flight,  core_->durable.keyed.timers().size(),
            core_->live.blocked > 0};
  }

  QueueHandle::pointer self_ = nullptr;
  QueueActorConfig config_;
  std::unique_ptr<State> core_;
  std::mt19937_64 random_;
  std::map<std::string, Session> sessions_;
  std::map<std::string, caf::strong_actor_ptr> attaching_;
  std::map<ReceiverId, caf::strong_actor_ptr> receivers_;
  std::optional<caf::typed_response_promise<QueueStatus>> drained_;
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
