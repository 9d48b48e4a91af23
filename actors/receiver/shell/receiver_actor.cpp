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

const pb::DeadLetter* letter_of(const pb::Envelope& envelope) {
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
          waking_ = false;
          run_slice();
        },
        [this](const WindowMessage& m) {
          if (m.opened == opened_) run_batches(1);
        },
    };
  }

 private:
  // A lease that waits for its turn or is with the handler, and the queue that it came from.
  struct Held final : LeaseControl {
    Held(ReceiverShell& owner, queues::QueueNumber queue,
         std::shared_ptr<const queues::Grant> lease)
        : shell(&owner), source(queue), grant(std::move(lease)), until_us(grant->deadline_us) {}

    [[nodiscard]] TimeUs now_us() const override { return shell->now_us(); }
    [[nodiscard]] TimeUs lease_until_us() const override { return until_us; }
    void extend(DurationUs by_us) override { shell->extend(*this, by_us); }

    // Lost before, and nobody knows by whose doing: it goes alone.
    [[nodiscard]] bool is_suspect() const {
      const queues::GrantedMessage& message = grant->messages.front();
      return grant->messages.size() == 1 && message.acquired > message.failed + 1;
    }

    ReceiverShell* shell;
    queues::QueueNumber source;
    std::shared_ptr<const queues::Grant> grant;
    std::atomic<TimeUs> until_us;
  };

  // Outcomes by queue, in reports of a size that fits into a record.
  class Reports {
   public:
    void add(const Held& held, queues::LeaseOutcome outcome, std::size_t bytes) {
      Report& last = last_[held.source];
      if (!last.complete || last.bytes + bytes > report_bytes) {
        last = {std::make_shared<queues::Complete>(), 0};
        all_.emplace_back(held.source, last.complete);
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

  [[nodiscard]] TimeUs now_us() const { return config_.clock->now_us(); }
  [[nodiscard]] DurationUs timeout_us() const { return config_.spec->options.timeout.count(); }

  void on_grants(const queues::GrantMessage& m) {
    for (const queues::Grant& grant : *m.grants) {
      held_.emplace_back(*this, m.queue, std::shared_ptr<const queues::Grant>(m.grants, &grant));
    }
    if (config_.spec->is_batch) {
      gather();
    } else if (is_slow_) {
      wake();  // behind the grants that came meanwhile, so that their leases are kept alive
    } else {
      run_slice();
    }
  }

  void wake() {
    if (std::exchange(waking_, true)) return;
    self_->send(self_, RunMessage{});
  }

  // Runs leases one by one for as long as a slice lasts, and reports what came of them. A handler
  // that takes long neither holds back what others made, nor lets those that wait run out.
  void run_slice() {
    const TimeUs started_us = now_us();
    keep_alive(started_us, timeout_us());
    Reports reports;
    TimeUs at_us = started_us;
    bool alone = false;
    for (std::uint32_t count = 0; count < slice_leases && !held_.empty() && !alone; ++count) {
      if (at_us - started_us >= slice_us) break;
      if (drop_if_over(at_us, reports)) continue;
      alone = config_.spec->options.blocking || held_.front().is_suspect();
      if (alone && count > 0) break;  // what was done before must not be lost with it
      at_us = run_some(1, at_us, alone, reports);
    }
    is_slow_ = at_us - started_us >= slice_us;
    send(reports);
    if (!held_.empty()) wake();
  }

  void gather() {
    const BatchOptions& batch = config_.spec->options.batch;
    run_batches(batch.max);
    if (held_.empty() || window_open_) return;
    if (batch.window.count() == 0) return run_batches(1);
    window_open_ = true;
    keep_alive(now_us(), timeout_us() + batch.window.count());
    self_->delayed_send(self_, batch.window, WindowMessage{++opened_});
  }

  // Runs batches while at least `min` leases are held.
  void run_batches(std::size_t min) {
    const std::size_t max = config_.spec->options.batch.max;
    while (!held_.empty() && (held_.size() >= min || held_.front().is_suspect())) {
      window_open_ = false;
      const TimeUs started_us = now_us();
      keep_alive(started_us, timeout_us());
      Reports reports;
      if (!drop_if_over(started_us, reports)) {
        const bool alone = held_.front().is_suspect() || max == 1;
        std::size_t count = 1;
        while (!alone && count < std::min(max, held_.size()) && !held_[count].is_suspect() &&
               held_[count].until_us >= started_us) {
          ++count;
        }
        run_some(count, started_us, alone, reports);
      }
      send(reports);
    }
  }

  // Runs the stage over the first `count` leases; returns when that ended.
  TimeUs run_some(std::size_t count, TimeUs started_us, bool alone, Reports& reports) {
    if (alone) {
      self_->send(handles_[held_.front().source], queues::BeginMessage{held_.front().grant->lease});
    }
    runs_.clear();
    for (std::size_t i = 0; i < count; ++i) runs_.push_back(make_run(held_[i], started_us));
    stage_->run(runs_);
    const TimeUs ended_us = now_us();
    for (StageRun& run : runs_) {
      if (config_.observer != nullptr) config_.observer->on_results(run, started_us, ended_us);
      report(run, ended_us, reports);
    }
    return ended_us;
  }

  // A lease that ended while it waited is not begun: what came of it would be refused.
  bool drop_if_over(TimeUs at_us, Reports& reports) {
    if (held_.front().until_us >= at_us) return false;
    StageRun run = make_run(held_.front(), at_us);
    run.results.resize(run.inputs.size());
    report(run, at_us, reports);
    return true;
  }

  // Takes the first lease off with what became of it.
  void report(StageRun& run, TimeUs at_us, Reports& reports) {
    const Held& held = held_.front();
    queues::LeaseOutcome outcome =
        build_outcome(config_.spec->name, config_.outputs, held.grant->lease, run, at_us);
    const std::size_t bytes = bytes_of(outcome, run);
    reports.add(held, std::move(outcome), bytes);
    held_.pop_front();
  }

  void send(Reports& reports) {
    for (auto& [source, complete] : reports.all()) {
      self_->send(handles_[source], queues::CompleteMessage{std::move(complete)});
    }
  }

  // Leases count from their grant; what waits here for its turn gets its time anew.
  void keep_alive(TimeUs at_us, DurationUs by_us) {
    std::map<queues::QueueNumber, std::vector<queues::LeaseId>> waiting;
    for (Held& held : held_) {
      const DurationUs left_us = held.until_us - at_us;
      if (left_us < 0 || left_us >= by_us - timeout_us() / 16) continue;
      held.until_us = at_us + by_us;
      waiting[held.source].push_back(held.grant->lease);
    }
    for (auto& [source, leases] : waiting) {
      self_->send(handles_[source], queues::ExtendMessage{std::move(leases), by_us});
    }
  }

  void extend(Held& held, DurationUs by_us) {
    const TimeUs at_us = now_us();
    if (held.until_us < at_us || at_us + by_us <= held.until_us) return;
    held.until_us = at_us + by_us;
    self_->send(handles_[held.source], queues::ExtendMessage{{held.grant->lease}, by_us});
  }

  StageRun make_run(Held& held, TimeUs at_us) {
    StageRun run;
    const queues::Grant& grant = *held.grant;
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
                                     .now_us = at_us,
                                     .born_at_us = envelope.born_at_us(),
                                     .expires_at_us = envelope.expires_at_us(),
                                     .lease_until_us = held.until_us,
                                     .priority = priority_of(envelope),
                                     .dead_letter = letter_of(envelope)},
                                    config_.spec->name, &held),
                            waits_since(message)});
    }
    return run;
  }

  // Delays that were asked for are no waiting.
  static TimeUs waits_since(const queues::GrantedMessage& message) {
    const bool is_first = message.acquired == 1 && message.body.logged_at_us() != 0;
    return is_first ? std::max(message.body.logged_at_us(), message.body->not_before_us()) : 0;
  }

  caf::event_based_actor* self_ = nullptr;
  ReceiverConfig config_;
  std::unique_ptr<Stage> stage_;
  std::map<queues::QueueNumber, queues::QueueHandle> handles_;
  std::deque<Held> held_;  ///< stages refer to its elements
  std::vector<StageRun> runs_;
  std::uint64_t opened_ = 0;  ///< windows so far
  bool window_open_ = false;  ///< a WindowMessage for `opened_` is due
  bool is_slow_ = false;      ///< the last slice was cut short
  bool waking_ = false;       ///< a RunMessage is on its way
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
