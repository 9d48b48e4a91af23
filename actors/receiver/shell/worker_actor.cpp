#include "actors/receiver/shell/worker_actor.hpp"

#include <algorithm>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/assert.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "messages/envelope.hpp"

namespace millrace::receivers {
namespace {

constexpr std::uint32_t slice_calls = 256;

const pb::DeadLetter* dead_letter_of(const pb::Envelope& envelope) {
  return envelope.has_dead_letter() ? &envelope.dead_letter() : nullptr;
}

class WorkerShell {
 public:
  static inline const char* name = "millrace.worker";

  caf::behavior start(caf::event_based_actor* self, WorkerConfig config) {
    self_ = self;
    config_ = std::move(config);
    stage_ = config_.spec->make();
    MILLRACE_ASSERT(stage_ != nullptr);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    self->send(self, RunMessage{});
    return {[this](const RunMessage&) {
      run_slice();
    }};
  }

 private:
  [[nodiscard]] Now now() const { return config_.clock->now(); }
  [[nodiscard]] DurationUs timeout_us() const { return config_.spec->options.timeout.count(); }

  // Runs leases until the slice ends or none is ready, and reports their outcomes.
  void run_slice() {
    const SteadyUs started_us = config_.clock->steady_us();
    Now at = now();
    bool is_idle = false;
    bool is_over = false;
    for (std::uint32_t calls = 0; calls < slice_calls && !is_idle && !is_over; ++calls) {
      config_.pool->take(config_.id, at.steady_us, config_.receiver, taken_);
      is_idle = taken_.empty();
      if (is_idle) break;
      const bool runs_alone = is_alone();
      drop_expired(at);
      if (taken_.empty()) continue;
      // So that its failure takes no outcome with it.
      if (runs_alone && calls > 0 && !report()) return;
      if (!run_taken(at, runs_alone)) return;
      // So that it is cleared of suspicion soon.
      if (runs_alone && !config_.spec->options.blocking && !report()) return;
      is_over = config_.spec->options.blocking || at.steady_us - started_us >= slice_us;
    }
    if (!report()) return;
    if (!is_idle) {
      self_->send(self_, RunMessage{});
    } else if (config_.pool->window_until_us()) {
      self_->send(config_.receiver, IdleMessage{});
    }
  }

  // Whether the only lease in `taken_` runs under a BeginMessage.
  [[nodiscard]] bool is_alone() const {
    if (taken_.size() != 1) return false;
    if (config_.spec->is_batch && config_.spec->options.batch.max == 1) return true;
    return has_demand_at_begin(*config_.spec) || taken_.front().is_suspect();
  }

  // Runs the stage over the leases in `taken_`, and sets `at` to the time when it ended. Returns
  // false if the worker ends instead.
  bool run_taken(Now& at, bool runs_alone) {
    const Now started = at;
    extend_taken(started.steady_us);
    if (!config_.slot->begin(finished_, taken_, started.steady_us, runs_alone)) return end();
    std::deque<HeldLease>& running = config_.slot->running();
    if (runs_alone) tell_begin(running.front());
    runs_.clear();
    for (HeldLease& lease : running) runs_.push_back(make_run(lease, started));
    note_running(running);
    stage_->run(runs_);
    if (config_.running) config_.running->clear();
    const Now ended = at = now();
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (config_.observer != nullptr) config_.observer->on_results(runs_[i], started, ended);
      finish(running[i].source, running[i].grant->lease, runs_[i], ended.wall_us);
    }
    return true;
  }

  // The receiver has given the worker up: what it has finished since would be refused. Another
  // worker takes the leases that it did not begin.
  bool end() {
    spdlog::warn(
        "a handler of stage {} has returned after its worker was replaced; the outcome is "
        "dropped",
        config_.spec->name);
    config_.pool->give_back(taken_);
    self_->send(config_.receiver, IdleMessage{});
    self_->quit(caf::exit_reason::user_shutdown);
    return false;
  }

  // The process may end in the call: then the next start knows of what.
  void note_running(const std::deque<HeldLease>& running) {
    if (!config_.running) return;
    for (const HeldLease& lease : running) {
      for (const queues::GrantedMessage& message : lease.grant->messages) {
        config_.running->add(lease.source->number, message.sequence);
      }
    }
    config_.running->begin(running.front().permit != nullptr);
  }

  void tell_begin(const HeldLease& lease) {
    const auto demand = static_cast<std::uint32_t>(lease.grant->messages.size());
    tell_as(
        config_.receiver, lease.source->handle,
        queues::BeginMessage{lease.grant->lease, has_demand_at_begin(*config_.spec) ? demand : 0});
  }

  // The outcome of a lease that has expired would be refused, so its handler does not run.
  void drop_expired(Now at) {
    std::erase_if(taken_, [&](const WaitingLease& lease) {
      if (lease.until_us >= at.steady_us) return false;
      HeldLease held(lease, *config_.clock);
      StageRun run = make_run(held, at);
      run.results.resize(run.inputs.size());
      finish(lease.source, lease.grant->lease, run, at.wall_us);
      finished_.back().outcome.returned_demand = false;
      return true;
    });
  }

  // Waiting has used up a part of the leases. With a tolerance of a sixteenth, to save messages.
  void extend_taken(SteadyUs at_us) {
    Extensions extensions(timeout_us());
    for (WaitingLease& lease : taken_) {
      if (lease.until_us - at_us >= timeout_us() - timeout_us() / 16) continue;
      lease.until_us = time_after(at_us, timeout_us());
      extensions.add(lease.source, lease.grant->lease);
    }
    extensions.send();
  }

  void finish(const std::shared_ptr<const Source>& source, queues::LeaseId lease, StageRun& run,
              TimeUs at_us) {
    config_.outputs.shard = source->shard;
    queues::LeaseOutcome outcome =
        build_outcome(config_.spec->name, config_.outputs, lease, run, at_us);
    outcome.returned_demand = has_demand_at_begin(*config_.spec);
    const std::size_t bytes = bytes_of(outcome, run);
    finished_.push_back({source, std::move(outcome), bytes});
  }

  // Returns false if the worker ends.
  bool report() {
    std::optional<Reports> reports = config_.slot->end(finished_);
    if (!reports) return end();
    reports->send_as(config_.receiver);
    return true;
  }

  StageRun make_run(HeldLease& lease, Now at) {
    StageRun run;
    const queues::Grant& grant = *lease.grant;
    run.key = grant.messages.front().body->key();
    run.state = grant.state;
    run.inputs.reserve(grant.messages.size());
    for (const queues::GrantedMessage& message : grant.messages) {
      const pb::Envelope& envelope = *message.body;
      run.inputs.push_back({message.body.message(),
                            Context({.id = {envelope.id_high(), envelope.id_low()},
                                     .key = envelope.key(),
                                     .sequence = message.sequence,
                                     .failed = message.failed,
                                     .acquired = message.acquired,
                                     .now_us = at.wall_us,
                                     .steady_us = at.steady_us,
                                     .born_at_us = envelope.born_at_us(),
                                     .expires_at_us = envelope.expires_at_us(),
                                     .lease_until_us = lease.lease_until_us(),
                                     .priority = priority_of(envelope),
                                     .dead_letter = dead_letter_of(envelope)},
                                    config_.spec->name, &lease),
                            waits_since(message)});
    }
    return run;
  }

  // Returns the earliest time at which the message could be leased: a requested delay is no wait.
  static TimeUs waits_since(const queues::GrantedMessage& message) {
    const bool is_first = message.acquired == 1 && message.body.logged_at_us() != 0;
    return is_first ? std::max(message.body.logged_at_us(), message.body->not_before_us()) : 0;
  }

  caf::event_based_actor* self_ = nullptr;
  WorkerConfig config_;
  std::unique_ptr<Stage> stage_;
  std::vector<WaitingLease> taken_;  ///< for the next call of the handler
  std::vector<Finished> finished_;   ///< of the last call, and of leases that expired
  std::vector<StageRun> runs_;
};

}  // namespace

caf::actor spawn_worker(caf::actor_system& system, WorkerConfig config) {
  const auto start = [](caf::stateful_actor<WorkerShell>* self, WorkerConfig inner) {
    return self->state.start(self, std::move(inner));
  };
  if (config.own_thread) return system.spawn<caf::detached>(start, std::move(config));
  return system.spawn(start, std::move(config));
}

}  // namespace millrace::receivers
