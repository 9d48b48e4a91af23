#include "actors/receiver/shell/async_actor.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <exception>
#include <limits>
#include <map>
#include <utility>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/base/shell/tick_timer.hpp"
#include "actors/receiver/async_run.hpp"
#include "actors/receiver/external/claims.hpp"
#include "actors/receiver/ready_calls.hpp"
#include "actors/receiver/shell/worker_actor.hpp"

namespace millrace::receivers {
namespace {

/// Between two looks at the calls in progress. A call is slow after it.
constexpr DurationUs look_us = 2 * slice_us;
constexpr DurationUs make_first_us = 100'000;
constexpr DurationUs make_last_us = 30'000'000;

class AsyncShell {
 public:
  static inline const char* name = "millrace.async";

  ~AsyncShell() {
    // From here on what a promise is given has no effect; the runs then let go of their promises.
    if (ready_) ready_->close();
  }

  caf::behavior start(caf::event_based_actor* self, ReceiverConfig config) {
    self_ = self;
    config_ = std::move(config);
    ready_ = std::make_shared<ReadyCalls>(
        [actor = caf::actor_cast<caf::actor>(self)] { tell(actor, RunMessage{}); });
    if (config_.running) running_ = config_.running->claim(1);
    self->set_exit_handler([self](const caf::exit_msg& exit) { self->quit(exit.reason); });
    for (Source& source : config_.sources) add(std::make_shared<const Source>(std::move(source)));
    config_.sources.clear();
    return {
        // Queues.
        [this](const queues::GrantMessage& m) { on_granted(m); },
        [this](const queues::ClaimedMessage& m) {
          claims_.on_claimed(m.queue, m.has_more);
          serve();
        },
        [this](const queues::ReadyMessage& m) {
          claims_.on_ready(m.queue);
          serve();
        },
        [](const queues::OutcomesMessage&) {},
        [this](const queues::RecallMessage& m) { on_recall(m.queue); },
        [this](const AddSourceMessage& m) { add(m.source); },
        [this](const DropSourceMessage& m) { drop(m.number); },
        // Handlers.
        [this](const RunMessage&) { on_ready_calls(); },
        [this](const IdleMessage&) { begin_suspects(); },
        [this](const RestartMessage&) { make_handlers(); },
        // Time.
        [this](const TickMessage& m) { on_tick(m); },
    };
  }

 private:
  struct Handler {
    std::unique_ptr<AsyncStage> stage;
    std::size_t in_progress = 0;
  };
  /// A lease whose messages are handled.
  struct Open {
    std::unique_ptr<AsyncRun> run;
    Handler* handler = nullptr;
    bool is_told = false;  ///< the queue knows that it is handled
  };
  using OpenEntry = std::map<CallId, Open>::iterator;

  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }
  [[nodiscard]] const StageOptions& options() const { return config_.spec->options; }
  [[nodiscard]] caf::actor self() const { return caf::actor_cast<caf::actor>(self_); }

  // ---- Handlers ----

  // Until all are made, nothing is claimed.
  void make_handlers() {
    try {
      while (handlers_.size() < options().workers) {
        handlers_.push_back({config_.spec->make_async(), 0});
      }
    } catch (const std::exception& error) {
      return make_later(error.what());
    } catch (...) {
      return make_later("something that is not a std::exception");
    }
    serve();
  }

  void make_later(const char* reason) {
    spdlog::error("the constructor of a handler of stage {} threw {}; it is called again in {} ms",
                  config_.spec->name, reason, make_delay_us_ / 1'000);
    self_->delayed_send(self_, std::chrono::microseconds(make_delay_us_), RestartMessage{});
    make_delay_us_ = std::min(make_delay_us_ * 2, make_last_us);
  }

  [[nodiscard]] std::size_t room() const {
    const std::size_t max = std::size_t{options().workers} * options().in_progress;
    return max - std::min(max, open_.size() + suspects_.size());
  }

  [[nodiscard]] Handler& idlest() {
    return *std::min_element(
        handlers_.begin(), handlers_.end(),
        [](const Handler& a, const Handler& b) { return a.in_progress < b.in_progress; });
  }

  // ---- Queues ----

  void add(std::shared_ptr<const Source> source) {
    claims_.add_source(source->number);
    sources_[source->number] = std::move(source);
    if (handlers_.empty()) return make_handlers();
    serve();
  }

  // Its leases have ended.
  void drop(queues::QueueNumber number) {
    if (sources_.erase(number) == 0) return;
    claims_.drop_source(number);
    std::erase_if(suspects_, [&](const auto& lease) { return lease->source().number == number; });
    for (auto open = open_.begin(); open != open_.end();) {
      const auto next = std::next(open);
      if (open->second.run->lease().source().number == number) close(open);
      open = next;
    }
    serve();
  }

  void on_recall(queues::QueueNumber number) {
    for (auto& [id, open] : open_) {
      if (open.run->lease().source().number == number) open.run->stop();
    }
  }

  void on_granted(const queues::GrantMessage& m) {
    for (const Granted& unwanted : claims_.on_granted(m.queue, *m.grants)) {
      const auto source = sources_.find(unwanted.queue);
      if (source == sources_.end()) continue;
      tell(source->second->handle, queues::ReleaseMessage{{unwanted.grant.lease}});
    }
  }

  // Claims what there is room for, and begins what was claimed.
  void serve() {
    if (handlers_.size() < options().workers) return;
    if (claims_.waiting() == 0 && room() > 0) {
      claims_.add({.id = ++last_wait_,
                   .max = static_cast<std::uint32_t>(room()),
                   .until_us = std::numeric_limits<SteadyUs>::max()});
    }
    for (const ClaimOrder& order : claims_.next_orders()) {
      self_->send(sources_.at(order.queue)->handle,
                  queues::ClaimMessage{address_of(self()), order.max, order.lease_us});
    }
    std::vector<DoneWait> done = claims_.take_done();
    if (done.empty()) return;
    for (DoneWait& wait : done) {
      for (Granted& one : wait.granted) take(std::move(one));
    }
    report();
    serve();
  }

  void take(Granted granted) {
    const auto source = sources_.find(granted.queue);
    if (source == sources_.end()) return;
    std::vector<queues::Grant> grants;
    grants.push_back(std::move(granted.grant));
    const auto batch = std::make_shared<const GrantBatch>(GrantBatch{
        source->second, std::make_shared<const std::vector<queues::Grant>>(std::move(grants))});
    WaitingLeases lease{batch, 0, 1, batch->grants->front().deadline_us, now()};
    if (config_.gate && lease.is_alone_on_node()) {
      suspects_.push_back(std::make_shared<HeldLease>(lease, *config_.clock));
      return begin_suspects();
    }
    begin(std::make_shared<HeldLease>(lease, *config_.clock));
  }

  // One suspect of the node is handled at a time; see SuspectGate.
  void begin_suspects() {
    while (!suspects_.empty()) {
      auto permit = config_.gate->try_enter(self());
      if (!permit) break;
      const std::shared_ptr<HeldLease> waiting = std::move(suspects_.front());
      suspects_.pop_front();
      if (waiting->lease_until_us() < now()) continue;  // it has ended
      const Lease& lease = waiting->lease();
      begin(std::make_shared<HeldLease>(
          WaitingLeases{lease.batch, 0, 1, waiting->lease_until_us(), now(), std::move(permit)},
          *config_.clock));
    }
    look_later();
  }

  // ---- Calls ----

  void begin(std::shared_ptr<HeldLease> lease) {
    Handler& handler = idlest();
    ++handler.in_progress;
    const auto added = open_.emplace(
        ++last_call_, Open{.run = std::make_unique<AsyncRun>(std::move(lease), config_.spec->name,
                                                             config_.clock->now()),
                           .handler = &handler});
    go_on(added.first);
    look_later();
  }

  // Begins the next message of the run, or ends the run.
  void go_on(OpenEntry open) {
    AsyncRun& run = *open->second.run;
    while (const StageInput* const input = run.next()) {
      if (call(open, *input)) return;
    }
    const Now at = config_.clock->now();
    if (config_.observer != nullptr) config_.observer->on_results(run.run(), run.began(), at);
    OutputRoutes routes{config_.targets, config_.reply_targets, run.lease().source().shard};
    queues::LeaseOutcome outcome =
        build_outcome(config_.spec->name, routes, run.lease().grant().lease, run.run(), at.wall_us);
    const std::size_t bytes = bytes_of(outcome, run.run());
    reports_.add(run.lease().lease().batch->source, std::move(outcome), bytes);
    close(open);
  }

  // Calls the handler. Returns whether its outcome is awaited.
  bool call(OpenEntry open, const StageInput& input) {
    AsyncRun& run = *open->second.run;
    // The process may end in the call: then the next start knows of what.
    if (running_) {
      running_->add(run.lease().source().number, input.context.facts().sequence);
      running_->begin(run.lease().permit() != nullptr);
    }
    const bool is_awaited = run.begin(*open->second.handler->stage,
                                      [ready = ready_, id = open->first] { ready->add(id); });
    if (running_) running_->clear();
    return is_awaited;
  }

  void on_ready_calls() {
    for (const CallId id : ready_->take()) {
      const auto open = open_.find(id);
      if (open == open_.end()) continue;  // its lease has ended
      open->second.run->finish();
      go_on(open);
    }
    report();
    serve();
  }

  // The queue has no demand of this receiver but its claims, so it answers; see CompleteMessage.
  void report() { reports_.send_as(self(), true); }

  void close(OpenEntry open) {
    --open->second.handler->in_progress;
    open_.erase(open);
  }

  // ---- Time ----

  void look_later() {
    if (open_.empty() && suspects_.empty()) return;
    const SteadyUs now_us = now();
    tick_.set(self_, now_us + look_us, now_us);
  }

  void on_tick(const TickMessage& m) {
    const SteadyUs now_us = now();
    if (!tick_.is_due(self_, m, now_us)) return;
    for (auto open = open_.begin(); open != open_.end();) {
      const auto next = std::next(open);
      look_at(open, now_us);
      open = next;
    }
    const DurationUs timeout_us = options().timeout.count();
    for (const std::shared_ptr<HeldLease>& suspect : suspects_) {
      if (suspect->lease_until_us() - now_us < timeout_us / 2) suspect->extend(timeout_us);
    }
    look_later();
    serve();
  }

  void look_at(OpenEntry entry, SteadyUs now_us) {
    Open& open = entry->second;
    HeldLease& lease = open.run->lease();
    if (lease.lease_until_us() < now_us) {
      overrun(open, now_us);
      return close(entry);
    }
    // So that the message has failed, should its lease end.
    if (open.is_told || open.run->began().steady_us + slice_us > now_us) return;
    open.is_told = true;
    tell(lease.source().handle, queues::BeginMessage{lease.grant().lease, 0});
  }

  void overrun(Open& open, SteadyUs now_us) {
    HeldLease& lease = open.run->lease();
    const std::vector<queues::GrantedMessage>& messages = lease.grant().messages;
    if (config_.observer != nullptr) config_.observer->on_overrun(messages.size());
    tell(lease.source().handle,
         queues::LostMessage{lease.grant().lease, messages.size() == 1, true, 0});
    const pb::Envelope& envelope = *messages.front().body;
    spdlog::error(
        "the handler of stage {} has given no outcome for {} ms, beyond its lease: queue {} shard "
        "{} message {:016x}{:016x}{}; an outcome that comes later is dropped",
        config_.spec->name, (now_us - open.run->began().steady_us) / 1'000,
        config_.spec->source.name, lease.source().shard, envelope.id_high(), envelope.id_low(),
        messages.size() == 1 ? "" : " and " + std::to_string(messages.size() - 1) + " more");
  }

  caf::event_based_actor* self_ = nullptr;
  ReceiverConfig config_;
  std::shared_ptr<RunningSlot> running_;  ///< of the call that has not returned; null: none
  std::map<queues::QueueNumber, std::shared_ptr<const Source>> sources_;
  Claims claims_;  ///< of one wait at most, for what there is room for
  WaitId last_wait_ = 0;
  std::deque<Handler> handlers_;  ///< as many as the stage has workers, once all are made
  DurationUs make_delay_us_ = make_first_us;
  std::shared_ptr<ReadyCalls> ready_;
  std::map<CallId, Open> open_;
  CallId last_call_ = 0;
  std::deque<std::shared_ptr<HeldLease>> suspects_;  ///< that wait for the gate
  Reports reports_;                                  ///< empty between two messages
  TickTimer tick_;
};

}  // namespace

caf::actor spawn_async(caf::actor_system& system, ReceiverConfig config) {
  const auto start = [](caf::stateful_actor<AsyncShell>* self, ReceiverConfig inner) {
    return self->state.start(self, std::move(inner));
  };
  if (config.own_thread) return system.spawn<caf::detached>(start, std::move(config));
  return system.spawn(start, std::move(config));
}

}  // namespace millrace::receivers
