#include "actors/receiver/receiver_actor.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/assert.hpp"
#include "actors/receiver/outcome_builder.hpp"
#include "messages/envelope.hpp"

namespace millrace::receivers {
namespace {

// A lease that waits for its turn, and the queue that it came from.
struct Held {
  queues::QueueNumber source;
  queues::Grant grant;
};

const pb::DeadLetter* letter_of(const pb::Envelope& envelope) {
  return envelope.has_dead_letter() ? &envelope.dead_letter() : nullptr;
}

class ReceiverShell : public LeaseControl {
 public:
  static inline const char* name = "millrace.receiver";

  caf::behavior start(caf::event_based_actor* self, ReceiverConfig config) {
    self_ = self;
    config_ = std::move(config);
    stage_ = config_.spec->make();
    MILLRACE_ASSERT(stage_ != nullptr);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    for (const Source& source : config_.sources) {
      handles_[source.number] = source.handle;
      self->send(source.handle, queues::SubscribeMessage{
                                    caf::actor_cast<caf::strong_actor_ptr>(self), config_.credit});
    }
    return {
        [this](const queues::GrantMessage& m) { on_grants(m); },
        [this](const WindowMessage& m) {
          if (m.opened == opened_) run_held();
        },
    };
  }

  [[nodiscard]] TimeUs now_us() const override { return config_.clock->now_us(); }

  void extend(MessageId message, DurationUs by_us) override {
    for (const Held& held : held_) {
      for (const queues::GrantedMessage& granted : held.grant.messages) {
        if (message != MessageId{granted.body->id_high(), granted.body->id_low()}) continue;
        self_->send(handles_[held.source], queues::ExtendMessage{held.grant.lease, by_us});
        return;
      }
    }
  }

 private:
  void on_grants(const queues::GrantMessage& m) {
    for (const queues::Grant& grant : *m.grants) held_.push_back({m.queue, grant});
    if (!config_.spec->is_batch) {
      run_held();
      return;
    }
    const BatchOptions& batch = config_.spec->options.batch;
    while (held_.size() >= batch.max) run_some(batch.max);
    if (held_.empty()) return;
    if (batch.window.count() == 0) {
      run_held();
    } else if (!window_open_) {
      window_open_ = true;
      self_->delayed_send(self_, batch.window, WindowMessage{++opened_});
    }
  }

  void run_held() {
    const std::size_t max = config_.spec->is_batch ? config_.spec->options.batch.max : held_.size();
    while (!held_.empty()) run_some(std::min(max, held_.size()));
  }

  // Runs the stage over the first `count` leases, and reports to each queue once.
  void run_some(std::size_t count) {
    window_open_ = false;
    const TimeUs started_us = config_.clock->now_us();
    std::vector<StageRun> runs;
    runs.reserve(count);
    for (std::size_t i = 0; i < count; ++i) runs.push_back(make_run(held_[i], started_us));
    stage_->run(runs);
    const TimeUs ended_us = config_.clock->now_us();
    std::map<queues::QueueNumber, std::shared_ptr<queues::Complete>> reports;
    for (std::size_t i = 0; i < count; ++i) {
      if (config_.observer != nullptr) config_.observer->on_results(runs[i], started_us, ended_us);
      auto& report = reports[held_[i].source];
      if (!report) report = std::make_shared<queues::Complete>();
      report->outcomes.push_back(build_outcome(config_, held_[i].grant.lease, runs[i], ended_us));
    }
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(count));
    for (auto& [source, report] : reports) {
      self_->send(handles_[source], queues::CompleteMessage{std::move(report)});
    }
  }

  StageRun make_run(const Held& held, TimeUs now_us) {
    StageRun run;
    const queues::Grant& grant = held.grant;
    run.key = grant.messages.front().body->key();
    run.state = grant.state;
    run.inputs.reserve(grant.messages.size());
    for (const queues::GrantedMessage& message : grant.messages) {
      const pb::Envelope& envelope = *message.body;
      run.inputs.push_back({message.body, Context({.id = {envelope.id_high(), envelope.id_low()},
                                                   .key = envelope.key(),
                                                   .sequence = message.sequence,
                                                   .failed = message.failed,
                                                   .acquired = message.acquired,
                                                   .now_us = now_us,
                                                   .born_at_us = envelope.born_at_us(),
                                                   .expires_at_us = envelope.expires_at_us(),
                                                   .lease_until_us = grant.deadline_us,
                                                   .priority = priority_of(envelope),
                                                   .dead_letter = letter_of(envelope)},
                                                  config_.spec->name, this)});
    }
    return run;
  }

  caf::event_based_actor* self_ = nullptr;
  ReceiverConfig config_;
  std::unique_ptr<Stage> stage_;
  std::map<queues::QueueNumber, queues::QueueHandle> handles_;
  std::deque<Held> held_;
  std::uint64_t opened_ = 0;  ///< windows so far
  bool window_open_ = false;  ///< a WindowMessage for `opened_` is due
};

}  // namespace

caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config) {
  const auto start = [](caf::stateful_actor<ReceiverShell>* self, ReceiverConfig inner) {
    return self->state.start(self, std::move(inner));
  };
  if (config.spec->options.blocking) {
    return system.spawn<caf::detached>(start, std::move(config));
  }
  return system.spawn(start, std::move(config));
}

}  // namespace millrace::receivers
