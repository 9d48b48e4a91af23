#include "actors/receiver/shell/receiver_actor.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/assert.hpp"
#include "actors/stage/outcome_limits.hpp"
#include "messages/envelope.hpp"

namespace millrace::receivers {
namespace {

constexpr DurationUs slice_us = 10'000;
constexpr std::uint32_t slice_leases = 256;

const pb::DeadLetter* dead_letter_of(const pb::Envelope& envelope) {
  return envelope.has_dead_letter() ? &envelope.dead_letter() : nullptr;
}

class ReceiverShell {
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
        [this](const RunMessage&) {
          is_waking_ = false;
          run_slice();
        },
        [this](const WindowMessage& m) {
          if (m.number == window_number_) run_batches(1);
        },
    };
  }

 private:
  // A lease that waits or is being handled, with its queue.
  struct HeldLease final : LeaseControl {
    HeldLease(ReceiverShell& owner, queues::QueueNumber queue,
              std::shared_ptr<const queues::Grant> lease)
        : shell(&owner), source(queue), grant(std::move(lease)), until_us(grant->deadline_us) {}

    [[nodiscard]] SteadyUs now_us() const override { return shell->steady_us(); }
    [[nodiscard]] SteadyUs lease_until_us() const override { return until_us; }
    void extend(DurationUs by_us) override { shell->extend(*this, by_us); }

    // A lease of a single message that was lost without a failure: its handler may have ended the
    // process. It runs alone, so that it takes no other outcome with it if that happens again.
    [[nodiscard]] bool is_suspect() const {
      const queues::GrantedMessage& message = grant->messages.front();
      return grant->messages.size() == 1 && message.acquired > message.failed + 1;
    }

    ReceiverShell* shell;
    queues::QueueNumber source;
    std::shared_ptr<const queues::Grant> grant;
    std::atomic<SteadyUs> until_us;
  };

  // Outcomes by queue, in reports of at most report_bytes, or of one larger outcome.
  class Reports {
   public:
    void add(const HeldLease& lease, queues::LeaseOutcome outcome, std::size_t bytes) {
      Report& last = last_[lease.source];
      if (!last.complete || last.bytes + bytes > report_bytes) {
        last = {std::make_shared<queues::Complete>(), 0};
        all_.emplace_back(lease.source, last.complete);
      }
      last.complete->outcomes.push_back(std::move(outcome));
      last.bytes += bytes;
    }
    [[nodiscard]] auto& all() { return all_; }

   private:
    struct Report {
      std::shared_ptr<queues::Complete> complete;
      std::size_t bytes = 0;
    };
    std::map<queues::QueueNumber, Report> last_;
    std::vector<std::pair<queues::QueueNumber, std::shared_ptr<queues::Complete>>> all_;
  };

  [[nodiscard]] Now now() const { return config_.clock->now(); }
  [[nodiscard]] SteadyUs steady_us() const { return config_.clock->steady_us(); }
  [[nodiscard]] DurationUs timeout_us() const { return config_.spec->options.timeout.count(); }

  void on_grants(const queues::GrantMessage& m) {
    for (const queues::Grant& grant : *m.grants) {
      leases_.emplace_back(*this, m.queue, std::shared_ptr<const queues::Grant>(m.grants, &grant));
    }
    if (config_.spec->is_batch) {
      gather();
    } else if (is_slow_) {
      wake();  // after the grants in the mailbox, so that their leases are extended in time
    } else {
      run_slice();
    }
  }

  void wake() {
    if (std::exchange(is_waking_, true)) return;
    self_->send(self_, RunMessage{});
  }

  // Runs leases one by one until the slice ends, and reports their outcomes. Extends the leases
  // that wait, so that a slow handler does not let them expire.
  void run_slice() {
    const Now started = now();
    keep_alive(started.steady_us, timeout_us());
    Reports reports;
    Now at = started;
    const auto is_over = [&] {
      return at.steady_us - started.steady_us >= slice_us;
    };
    bool runs_alone = false;
    for (std::uint32_t count = 0; count < slice_leases && !leases_.empty() && !runs_alone;
         ++count) {
      if (is_over()) break;
      if (drop_if_expired(at, reports)) continue;
      runs_alone = config_.spec->options.blocking || leases_.front().is_suspect();
      if (runs_alone && count > 0) break;  // report the outcomes so far first
      at = run_leases(1, at, runs_alone, reports);
    }
    is_slow_ = is_over();
    send(reports);
    if (!leases_.empty()) wake();
  }

  void gather() {
    const BatchOptions& batch = config_.spec->options.batch;
    run_batches(batch.max);
    if (leases_.empty() || is_window_open_) return;
    if (batch.window.count() == 0) return run_batches(1);
    is_window_open_ = true;
    keep_alive(steady_us(), timeout_us() + batch.window.count());
    self_->delayed_send(self_, batch.window, WindowMessage{++window_number_});
  }

  // Runs batches while at least `min` leases wait.
  void run_batches(std::size_t min) {
    const std::size_t max = config_.spec->options.batch.max;
    while (!leases_.empty() && (leases_.size() >= min || leases_.front().is_suspect())) {
      is_window_open_ = false;
      const Now started = now();
      keep_alive(started.steady_us, timeout_us());
      Reports reports;
      if (!drop_if_expired(started, reports)) {
        const bool runs_alone = leases_.front().is_suspect() || max == 1;
        std::size_t count = 1;
        while (!runs_alone && count < std::min(max, leases_.size()) &&
               !leases_[count].is_suspect() && leases_[count].until_us >= started.steady_us) {
          ++count;
        }
        run_leases(count, started, runs_alone, reports);
      }
      send(reports);
    }
  }

  // Runs the stage over the first `count` leases. Returns the time when it ended.
  Now run_leases(std::size_t count, Now started, bool runs_alone, Reports& reports) {
    if (runs_alone) {
      self_->send(handles_[leases_.front().source],
                  queues::BeginMessage{leases_.front().grant->lease});
    }
    runs_.clear();
    for (std::size_t i = 0; i < count; ++i) runs_.push_back(make_run(leases_[i], started));
    stage_->run(runs_);
    const Now ended = now();
    for (StageRun& run : runs_) {
      if (config_.observer != nullptr) config_.observer->on_results(run, started, ended);
      report(run, ended.wall_us, reports);
    }
    return ended;
  }

  // Returns the first lease without running it if it has expired: its outcome would be refused.
  bool drop_if_expired(Now at, Reports& reports) {
    if (leases_.front().until_us >= at.steady_us) return false;
    StageRun run = make_run(leases_.front(), at);
    run.results.resize(run.inputs.size());
    report(run, at.wall_us, reports);
    return true;
  }

  // Adds the outcome of the first lease to `reports` and removes the lease.
  void report(StageRun& run, TimeUs at_us, Reports& reports) {
    const HeldLease& lease = leases_.front();
    queues::LeaseOutcome outcome =
        build_outcome(config_.spec->name, config_.outputs, lease.grant->lease, run, at_us);
    const std::size_t bytes = bytes_of(outcome, run);
    reports.add(lease, std::move(outcome), bytes);
    leases_.pop_front();
  }

  void send(Reports& reports) {
    for (auto& [source, complete] : reports.all()) {
      self_->send(handles_[source], queues::CompleteMessage{std::move(complete)});
    }
  }

  // Extends the leases that end before at_us + by_us, with a tolerance of a sixteenth of the
  // timeout to save messages. A lease counts from its grant, so waiting would use it up.
  void keep_alive(SteadyUs at_us, DurationUs by_us) {
    std::map<queues::QueueNumber, std::vector<queues::LeaseId>> waiting;
    for (HeldLease& lease : leases_) {
      const DurationUs left_us = lease.until_us - at_us;
      if (left_us < 0 || left_us >= by_us - timeout_us() / 16) continue;
      lease.until_us = time_after(at_us, by_us);
      waiting[lease.source].push_back(lease.grant->lease);
    }
    for (auto& [source, leases] : waiting) {
      self_->send(handles_[source], queues::ExtendMessage{std::move(leases), by_us});
    }
  }

  void extend(HeldLease& lease, DurationUs by_us) {
    const SteadyUs at_us = steady_us();
    const SteadyUs until_us = time_after(at_us, by_us);
    if (lease.until_us < at_us || until_us <= lease.until_us) return;
    lease.until_us = until_us;
    self_->send(handles_[lease.source], queues::ExtendMessage{{lease.grant->lease}, by_us});
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
                                     .lease_until_us = lease.until_us,
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
  ReceiverConfig config_;
  std::unique_ptr<Stage> stage_;
  std::map<queues::QueueNumber, queues::QueueHandle> handles_;
  std::deque<HeldLease> leases_;  ///< contexts refer to its elements
  std::vector<StageRun> runs_;
  std::uint64_t window_number_ = 0;  ///< of the last window; numbers from 1
  bool is_window_open_ = false;      ///< a WindowMessage with window_number_ is in flight
  bool is_slow_ = false;             ///< the last slice lasted its full time
  bool is_waking_ = false;           ///< a RunMessage is in flight
};

}  // namespace

caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config) {
  const auto start = [](caf::stateful_actor<ReceiverShell>* self, ReceiverConfig inner) {
    return self->state.start(self, std::move(inner));
  };
  if (config.own_thread) {
    return system.spawn<caf::detached>(start, std::move(config));
  }
  return system.spawn(start, std::move(config));
}

}  // namespace millrace::receivers
