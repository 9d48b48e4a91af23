#include "actors/receiver/shell/worker_actor.hpp"

#include <algorithm>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/assert.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "actors/receiver/stage_run.hpp"

namespace millrace::receivers {
namespace {

constexpr std::uint32_t slice_calls = 1024;

class WorkerShell {
 public:
  static inline const char* name = "millrace.worker";

  caf::behavior start(caf::event_based_actor* self, WorkerConfig config) {
    self_ = self;
    config_ = std::move(config);
    before_ = BeforeCall(call_policy(*config_.spec));
    stage_ = config_.spec->make();
    MILLRACE_ASSERT(stage_ != nullptr);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    self->send(self, RunMessage{});
    return {[this](const RunMessage&) {
      run_slice();
    }};
  }

 private:
  void begin_slice() { slice_began_ = config_.clock->now(); }

  // The wall clock is read once in a slice.
  [[nodiscard]] Now now() const {
    const SteadyUs steady_us = config_.clock->steady_us();
    return {.wall_us = slice_began_.wall_us + (steady_us - slice_began_.steady_us),
            .steady_us = steady_us};
  }

  // Runs leases until the slice ends or none is ready, and reports their outcomes.
  void run_slice() {
    std::unique_lock lock = config_.slot->lock();
    begin_slice();
    Now at = slice_began_;
    bool is_idle = false;
    bool is_over = false;
    for (std::uint32_t calls = 0; calls < slice_calls && !is_idle && !is_over; ++calls) {
      const bool has_call = config_.slot->begin(at.steady_us, before_);
      return_expired(at);
      if (!has_call) {
        is_idle = !take(at.steady_us);
        continue;
      }
      if (!run_call(lock, at)) return end();
      // So that a suspect is cleared of suspicion soon.
      if (before_.is_alone) config_.slot->reports().send_as(config_.receiver);
      is_over = config_.spec->options.blocking || at.steady_us - slice_began_.steady_us >= slice_us;
    }
    config_.slot->reports().send_as(config_.receiver);
    if (!is_idle) {
      // Until the scheduler runs this worker again, the receiver keeps its leases alive, and others
      // may run them.
      config_.pool->give_back(config_.slot->take_ahead());
      self_->send(self_, RunMessage{});
    } else if (config_.pool->window_until_us()) {
      self_->send(config_.receiver, IdleMessage{});
    }
  }

  // Returns false if no lease is ready.
  bool take(SteadyUs now_us) {
    config_.pool->take(config_.id, now_us, config_.receiver, std::exchange(spent_, {}), taken_);
    if (taken_.empty()) return false;
    config_.slot->add(taken_);
    return true;
  }

  // Runs the stage over the leases of the call, and sets `at` to the time when it ended. Returns
  // false if the worker has been given up meanwhile.
  bool run_call(std::unique_lock<std::mutex>& lock, Now& at) {
    const Now started = at;
    std::vector<HeldLease>& running = config_.slot->running();
    before_.extensions.send();
    before_.reports.send_as(config_.receiver);
    if (before_.is_alone) tell_begin(running.front());
    lock.unlock();
    runs_.resize(running.size());
    for (std::size_t i = 0; i < runs_.size(); ++i) fill(runs_[i], running[i], started);
    note_running(running);
    stage_->run(runs_);
    if (config_.running) config_.running->clear();
    const Now ended = at = now();
    lock.lock();
    if (config_.slot->is_given_up()) return false;
    ++spent_.calls;
    spent_.time_us += ended.steady_us - started.steady_us;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
      if (config_.observer != nullptr) config_.observer->on_results(runs_[i], started, ended);
      finish(running[i], runs_[i], ended.wall_us, has_demand_at_begin(*config_.spec));
      runs_[i].inputs.clear();  // an idle worker keeps no bodies
      runs_[i].state = nullptr;
    }
    config_.slot->finish();
    return true;
  }

  // The receiver has given the worker up: what it has finished since would be refused.
  void end() {
    spdlog::warn(
        "a handler of stage {} has returned after its worker was replaced; the outcome is "
        "dropped",
        config_.spec->name);
    self_->quit(caf::exit_reason::user_shutdown);
  }

  // The process may end in the call: then the next start knows of what.
  void note_running(const std::vector<HeldLease>& running) {
    if (!config_.running) return;
    for (const HeldLease& lease : running) {
      for (const queues::GrantedMessage& message : lease.grant().messages) {
        config_.running->add(lease.source().number, message.sequence);
      }
    }
    config_.running->begin(running.front().permit() != nullptr);
  }

  void tell_begin(const HeldLease& lease) {
    const auto demand = static_cast<std::uint32_t>(lease.grant().messages.size());
    tell_as(
        config_.receiver, lease.source().handle,
        queues::BeginMessage{lease.grant().lease, has_demand_at_begin(*config_.spec) ? demand : 0});
  }

  // The outcome of a lease that has expired would be refused, so its handler has not run.
  void return_expired(Now at) {
    for (HeldLease& lease : before_.expired) {
      StageRun run;
      fill(run, lease, at);
      run.results.resize(run.inputs.size());
      finish(lease, run, at.wall_us, false);
    }
    before_.expired.clear();
  }

  void finish(const HeldLease& lease, StageRun& run, TimeUs at_us, bool returned_demand) {
    config_.outputs.shard = lease.source().shard;
    queues::LeaseOutcome outcome =
        build_outcome(config_.spec->name, config_.outputs, lease.grant().lease, run, at_us);
    outcome.returned_demand = returned_demand;
    const std::size_t bytes = bytes_of(outcome, run);
    config_.slot->reports().add(lease.lease().batch->source, std::move(outcome), bytes);
  }

  void fill(StageRun& run, HeldLease& lease, Now at) const {
    fill_run(run, lease.grant(), config_.spec->name, at, lease.lease_until_us(), &lease);
  }

  caf::event_based_actor* self_ = nullptr;
  WorkerConfig config_;
  std::unique_ptr<Stage> stage_;
  BeforeCall before_{CallPolicy{}};   ///< set anew by start()
  std::vector<WaitingLeases> taken_;  ///< of the pool, for the slot
  CallTimes spent_;                   ///< since the last take of the pool
  Now slice_began_;
  std::vector<StageRun> runs_;  ///< empty ones, whose memory the next call uses again
};

}  // namespace

CallPolicy call_policy(const StageSpec& spec) {
  const bool is_single_batch = spec.is_batch && spec.options.batch.max == 1;
  return {.leases_max = spec.is_batch ? std::max<std::size_t>(spec.options.batch.max, 1) : 1,
          .always_alone = is_single_batch || has_demand_at_begin(spec),
          .timeout_us = spec.options.timeout.count()};
}

caf::actor spawn_worker(caf::actor_system& system, WorkerConfig config) {
  const auto start = [](caf::stateful_actor<WorkerShell>* self, WorkerConfig inner) {
    return self->state.start(self, std::move(inner));
  };
  if (config.own_thread) return system.spawn<caf::detached>(start, std::move(config));
  return system.spawn(start, std::move(config));
}

}  // namespace millrace::receivers
