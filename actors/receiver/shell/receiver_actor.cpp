#include "actors/receiver/shell/receiver_actor.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <map>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/receiver/lease_pool.hpp"
#include "actors/receiver/shell/worker_actor.hpp"

namespace millrace::receivers {
namespace {

using std::chrono::microseconds;

constexpr DurationUs watch_us = 2 * slice_us;
constexpr DurationUs first_delay_us = 100'000;
constexpr DurationUs last_delay_us = 30'000'000;
constexpr DurationUs stable_after_us = 60'000'000;

TakePolicy take_policy(const StageSpec& spec) {
  if (spec.is_batch) return {.batch = spec.options.batch};
  return {.takes_ahead = !spec.options.blocking};
}

// The beginning of a key, for a line of the log.
std::string printable(std::string_view key) {
  constexpr std::size_t length_max = 100;
  std::string text(key.substr(0, length_max));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < ' ' || c > '~'; }, '?');
  return text + (key.size() > length_max ? "..." : "");
}

class ReceiverShell {
 public:
  static inline const char* name = "millrace.receiver";

  caf::behavior start(caf::event_based_actor* self, ReceiverConfig config) {
    self_ = self;
    config_ = std::move(config);
    pool_ = std::make_shared<LeasePool>(take_policy(*config_.spec), config_.gate);
    self->set_down_handler([this](const caf::down_msg& down) { on_down(down); });
    self->set_exit_handler([this](const caf::exit_msg& exit) {
      end_workers();
      self_->quit(exit.reason);
    });
    for (Source& source : config_.sources) add(std::make_shared<const Source>(std::move(source)));
    config_.sources.clear();
    return {
        [this](const queues::GrantMessage& m) { on_grants(m); },
        [this](const WatchMessage&) { on_watch(); },
        [this](const WindowMessage&) { on_window(); },
        [this](const IdleMessage&) { on_idle(); },
        [this](const RestartMessage& m) {
          if (m.worker < workers_.size() && !workers_[m.worker].actor) start(workers_[m.worker]);
        },
        [this](const AddSourceMessage& m) { add(m.source); },
        [this](const DropSourceMessage& m) { drop(m.number); },
    };
  }

 private:
  struct Worker {
    WorkerId id = 0;
    caf::actor actor{};  ///< empty: it has ended, and is to be started again
    std::shared_ptr<WorkerSlot> slot{};
    SteadyUs started_us = 0;
    DurationUs delay_us = first_delay_us;
  };

  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }
  [[nodiscard]] const StageOptions& options() const { return config_.spec->options; }
  [[nodiscard]] caf::actor self() const { return caf::actor_cast<caf::actor>(self_); }

  // ---- Leases ----

  void add(std::shared_ptr<const Source> source) {
    self_->send(source->handle, queues::SubscribeMessage{
                                    caf::actor_cast<caf::strong_actor_ptr>(self_), source->credit});
    sources_[source->number] = std::move(source);
    if (!workers_.empty()) return;
    workers_.resize(options().workers);
    for (Worker& worker : workers_) start(worker);
  }

  void drop(queues::QueueNumber number) {
    if (sources_.erase(number) > 0 && sources_.empty()) end_workers();
  }

  void on_grants(const queues::GrantMessage& m) {
    const auto source = sources_.find(m.queue);
    if (source == sources_.end()) return;  // the queue has moved; its leases have ended
    const SteadyUs now_us = now();
    const DurationUs window_us = config_.spec->is_batch ? options().batch.window.count() : 0;
    const DurationUs needed_us = time_after(options().timeout.count(), window_us);
    Extensions extensions(needed_us);
    std::vector<WaitingLeases> leases;
    append_waiting(std::make_shared<const GrantBatch>(GrantBatch{source->second, m.grants}), now_us,
                   leases);
    if (window_us > 0) {
      for (WaitingLeases& one : leases) extensions.add(one, now_us);
      extensions.send();
    }
    wake(pool_->add(std::move(leases), now_us));
    watch();
    await_window(now_us);
  }

  void wake(const std::vector<WorkerId>& woken) {
    for (const WorkerId id : woken) {
      const auto worker = std::find_if(workers_.begin(), workers_.end(),
                                       [id](const Worker& one) { return one.id == id; });
      if (worker != workers_.end() && worker->actor) self_->send(worker->actor, RunMessage{});
    }
  }

  void await_window(SteadyUs now_us) {
    if (is_awaiting_window_) return;
    const auto until_us = pool_->window_until_us();
    if (!until_us) return;
    is_awaiting_window_ = true;
    self_->delayed_send(self_, microseconds(std::max<DurationUs>(*until_us - now_us, 0)),
                        WindowMessage{});
  }

  void on_idle() {
    const SteadyUs now_us = now();
    wake(pool_->wake(now_us));
    await_window(now_us);
  }

  void on_window() {
    is_awaiting_window_ = false;
    const SteadyUs now_us = now();
    wake(pool_->wake(now_us));
    // A lease whose window has ended waits for a worker that is busy or was woken.
    const auto until_us = pool_->window_until_us();
    if (until_us && *until_us > now_us) await_window(now_us);
  }

  // ---- Workers ----

  void start(Worker& worker) {
    worker.id = ++last_worker_;
    worker.started_us = now();
    worker.slot = std::make_shared<WorkerSlot>(call_policy(*config_.spec), *config_.clock);
    WorkerConfig config;
    config.id = worker.id;
    config.spec = config_.spec;
    config.outputs.targets = config_.targets;
    config.outputs.reply_targets = config_.reply_targets;
    config.pool = pool_;
    config.slot = worker.slot;
    if (config_.running) {
      config.running = config_.running->claim(call_messages(*config_.spec, config_.run_messages));
    }
    config.receiver = self();
    config.clock = config_.clock;
    config.own_thread = config_.own_thread;
    config.observer = config_.observer;
    worker.actor = spawn_worker(self_->system(), std::move(config));
    self_->monitor(worker.actor);
  }

  // The thread of a detached actor ends with the last reference to the actor.
  void end_workers() {
    for (Worker& worker : replaced_) workers_.push_back(std::move(worker));
    replaced_.clear();
    for (Worker& worker : workers_) {
      if (!worker.actor) continue;
      self_->demonitor(worker.actor);
      pool_->remove(worker.id);
      self_->send_exit(worker.actor, caf::exit_reason::user_shutdown);
    }
    workers_.clear();
  }

  void on_down(const caf::down_msg& down) {
    const auto is_it = [&](const Worker& worker) {
      return worker.actor && worker.actor.address() == down.source;
    };
    std::erase_if(replaced_, [&](const Worker& worker) {
      if (!is_it(worker)) return false;
      pool_->remove(worker.id);
      return true;
    });
    const auto ended = std::find_if(workers_.begin(), workers_.end(), is_it);
    if (ended == workers_.end()) return;
    ended->actor = {};
    pool_->remove(ended->id);
    return_lost(*ended->slot);
    if (now() - ended->started_us >= stable_after_us) ended->delay_us = first_delay_us;
    spdlog::error("a worker of stage {} ended; another one starts in {} ms", config_.spec->name,
                  ended->delay_us / 1'000);
    self_->delayed_send(self_, microseconds(ended->delay_us),
                        RestartMessage{static_cast<std::size_t>(ended - workers_.begin())});
    ended->delay_us = std::min(ended->delay_us * 2, last_delay_us);
    wake(pool_->wake(now()));
    watch();
  }

  void return_lost(WorkerSlot& slot) {
    WorkerSlot::Left left = slot.take_all();
    left.reports.send_as(self());
    pool_->give_back(std::move(left.ahead));
    for (const Lease& lease : left.lost) {
      self_->send(
          lease.source().handle,
          queues::LostMessage{lease.grant->lease, left.lost.size() == 1, false, owed(lease)});
    }
  }

  // Messages that the receiver asks for in place of those of a lease that has no report.
  [[nodiscard]] std::uint32_t owed(const Lease& lease) const {
    if (has_demand_at_begin(*config_.spec)) return 0;
    return static_cast<std::uint32_t>(lease.grant->messages.size());
  }

  // Looks at the workers again after a while, as long as there is work.
  void watch() {
    if (std::exchange(is_watching_, true)) return;
    self_->delayed_send(self_, microseconds(watch_us), WatchMessage{});
  }

  void on_watch() {
    is_watching_ = false;
    const SteadyUs now_us = now();
    std::size_t alive = 0;
    for (Worker& worker : workers_) {
      if (!worker.actor) continue;
      ++alive;
      report_if_slow(*worker.slot, now_us);
      if (const auto overrun = worker.slot->overrun(now_us)) on_overrun(worker, *overrun, now_us);
    }
    pool_->keep_alive(now_us, options().timeout.count());
    wake(pool_->wake(now_us));  // for leases that a worker gave back at the end of its slice
    if (pool_->waiting() > 0 || pool_->idle() < alive) watch();
  }

  void report_if_slow(WorkerSlot& slot, SteadyUs now_us) {
    auto slow = slot.take_if_slow(now_us - watch_us, now_us);
    if (!slow) return;
    slow->reports.send_as(self());
    if (!slow->ahead.empty()) {
      pool_->note_slow(slow->runs_for_us);
      pool_->give_back(std::move(slow->ahead));
      wake(pool_->wake(now_us));
    }
    if (!slow->untold) return;
    self_->send(slow->untold->source().handle, queues::BeginMessage{slow->untold->grant->lease, 0});
  }

  // ---- Handlers that run beyond their lease ----

  void on_overrun(Worker& worker, const WorkerSlot::Overrun& overrun, SteadyUs now_us) {
    const bool is_replaced =
        config_.own_thread && replaced_.size() < replaced_max && worker.slot->give_up(now_us);
    if (overrun.is_first) tell_overrun(overrun);
    for (const Lease& lease : overrun.leases) {
      if (!overrun.is_first && !is_replaced) break;
      self_->send(lease.source().handle,
                  queues::LostMessage{lease.grant->lease, overrun.leases.size() == 1, true,
                                      is_replaced ? owed(lease) : 0});
    }
    if (!is_replaced) return;
    replaced_.push_back(std::exchange(worker, Worker{}));
    start(worker);
    if (replaced_.size() < replaced_max) return;
    spdlog::error(
        "{} handlers of stage {} do not return; no further worker is replaced until one does",
        replaced_.size(), config_.spec->name);
  }

  void tell_overrun(const WorkerSlot::Overrun& overrun) {
    std::size_t messages = 0;
    for (const Lease& lease : overrun.leases) messages += lease.grant->messages.size();
    if (config_.observer != nullptr) config_.observer->on_overrun(messages);
    const Lease& first = overrun.leases.front();
    const pb::Envelope& envelope = *first.grant->messages.front().body;
    spdlog::error(
        "the handler of stage {} runs for {} ms, beyond its lease: queue {} shard {} key {} "
        "message "
        "{:016x}{:016x}{}; its outcome will be refused",
        config_.spec->name, overrun.runs_for_us / 1'000, config_.spec->source.name,
        first.source().shard, printable(envelope.key()), envelope.id_high(), envelope.id_low(),
        messages == 1 ? "" : " and " + std::to_string(messages - 1) + " more");
  }

  caf::event_based_actor* self_ = nullptr;
  ReceiverConfig config_;
  std::shared_ptr<LeasePool> pool_;
  std::map<queues::QueueNumber, std::shared_ptr<const Source>> sources_;
  std::vector<Worker> workers_;   ///< as many as the stage has; empty while there is no source
  std::vector<Worker> replaced_;  ///< their handlers run beyond the lease
  WorkerId last_worker_ = 0;
  bool is_watching_ = false;         ///< a WatchMessage is in flight
  bool is_awaiting_window_ = false;  ///< a WindowMessage is in flight
};

}  // namespace

caf::actor spawn_receiver(caf::actor_system& system, ReceiverConfig config) {
  return system.spawn(
      [](caf::stateful_actor<ReceiverShell>* self, ReceiverConfig inner) {
        return self->state.start(self, std::move(inner));
      },
      std::move(config));
}

}  // namespace millrace::receivers
