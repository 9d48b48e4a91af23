#include "actors/receiver/shell/external_actor.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include <caf/all.hpp>

#include "actors/base/names.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/base/shell/tick_timer.hpp"
#include "actors/receiver/external/handed_out.hpp"
#include "actors/receiver/external/outcome_check.hpp"
#include "actors/receiver/stage_run.hpp"

namespace millrace::receivers {
namespace {

constexpr DurationUs prune_us = 1'000'000;
/// For which a queue that ends or moves waits for the outcomes of leases that workers hold.
constexpr DurationUs recall_us = 5'000'000;

class ExternalShell {
 public:
  static inline const char* name = "millrace.external";

  caf::behavior start(caf::event_based_actor* self, ReceiverConfig config, std::string prefix) {
    self_ = self;
    config_ = std::move(config);
    prefix_ = std::move(prefix);
    self->set_exit_handler([this](const caf::exit_msg& exit) {
      end_waits();
      self_->quit(exit.reason);
    });
    for (Source& source : config_.sources) add(std::make_shared<const Source>(std::move(source)));
    config_.sources.clear();
    return {
        // Workers.
        [this](const ExternalAskMessage& m) { on_ask(m); },
        [this](const ExternalCancelMessage& m) { on_cancel(m); },
        [this](const ExternalOutcomesMessage& m) { on_outcomes(m); },
        [this](const ExternalExtendMessage& m) { on_extend(m); },
        [this](const ExternalReleaseMessage& m) { on_release(m); },
        // Queues.
        [this](const queues::GrantMessage& m) { release(claims_.on_granted(m.queue, *m.grants)); },
        [this](const queues::ClaimedMessage& m) {
          claims_.on_claimed(m.queue, m.has_more);
          serve();
        },
        [this](const queues::ReadyMessage& m) {
          claims_.on_ready(m.queue);
          serve();
        },
        [this](const queues::OutcomesMessage& m) { on_settled(m); },
        [this](const queues::RecallMessage& m) { on_recall(m); },
        [this](const AddSourceMessage& m) { add(m.source); },
        [this](const DropSourceMessage& m) { drop(m.number); },
        // Time.
        [this](const TickMessage& m) { on_tick(m); },
    };
  }

 private:
  /// A call of a worker that has outcomes on their way.
  struct Call {
    std::vector<LeaseResult> results;
    std::size_t open = 0;  ///< leases that are not settled
    std::shared_ptr<LeaseResultsDone> done;
  };
  struct Place {
    std::shared_ptr<Call> call;
    std::size_t index = 0;  ///< in Call::results
  };

  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }
  [[nodiscard]] caf::actor self() const { return caf::actor_cast<caf::actor>(self_); }

  // ---- Queues ----

  void add(std::shared_ptr<const Source> source) {
    claims_.add_source(source->number);
    sources_[source->number] = std::move(source);
    serve();
  }

  void drop(queues::QueueNumber number) {
    if (sources_.erase(number) == 0) return;
    claims_.drop_source(number);
    for (const std::string& token : handed_out_.drop(number)) {
      settle(token, LeaseResult::lease_expired);
    }
    serve();
  }

  // ---- Leases for workers ----

  void on_ask(const ExternalAskMessage& m) {
    requests_.emplace(m.request->wait.id, m.request);
    claims_.add(m.request->wait);
    serve();
  }

  void on_cancel(const ExternalCancelMessage& m) {
    if (requests_.erase(m.wait) == 0) return;
    release(claims_.cancel(m.wait));
    serve();
  }

  // Makes the claims that can be made, and answers the waits that have ended.
  void serve() {
    const SteadyUs now_us = now();
    for (const ClaimOrder& order : claims_.next_orders()) {
      self_->send(sources_.at(order.queue)->handle,
                  queues::ClaimMessage{address_of(self()), order.max, order.lease_us});
    }
    claims_.expire(now_us);
    for (DoneWait& done : claims_.take_done()) answer(done, now_us);
    if (const auto end_us = claims_.next_end_us()) tick_.set(self_, *end_us, now_us);
  }

  void answer(DoneWait& done, SteadyUs now_us) {
    const auto found = requests_.find(done.id);
    const std::shared_ptr<ExternalRequest> request = std::move(found->second);
    requests_.erase(found);
    std::vector<ExternalLease> leases;
    for (Granted& one : done.granted) {
      if (!sources_.contains(one.queue)) continue;
      const bool is_alone = done.granted.size() == 1 && one.grant.messages.size() == 1;
      ExternalLease& lease = leases.emplace_back();
      lease.token = prefix_ + random_name();
      lease.left_us = one.grant.deadline_us - now_us;
      lease.key = one.grant.messages.front().body->key();
      lease.grant = one.grant;
      // The worker has nothing else of this answer: if it never says what became of it, this message
      // is why.
      if (is_alone) tell(sources_.at(one.queue)->handle, queues::BeginMessage{one.grant.lease, 0});
      handed_out_.add(lease.token, {one.queue, std::move(one.grant), now_us + lease.left_us, now_us,
                                    request->wait.session});
    }
    std::vector<std::string> tokens;
    tokens.reserve(leases.size());
    for (const ExternalLease& lease : leases) tokens.push_back(lease.token);
    if (!request->done(std::move(leases))) release(tokens);
    if (handed_out_.size() > 0) tick_.set(self_, now_us + prune_us, now_us);
  }

  void end_waits() {
    for (const auto& [id, request] : requests_) {
      [[maybe_unused]] const bool taken = request->done({});
    }
    requests_.clear();
  }

  void release(const std::vector<Granted>& granted) {
    std::map<queues::QueueNumber, std::vector<queues::LeaseId>> by_queue;
    for (const Granted& one : granted) by_queue[one.queue].push_back(one.grant.lease);
    send_releases(by_queue);
  }

  std::vector<LeaseResult> release(const std::vector<std::string>& tokens) {
    std::map<queues::QueueNumber, std::vector<queues::LeaseId>> by_queue;
    std::vector<LeaseResult> results;
    for (const std::string& token : tokens) {
      const auto held = handed_out_.take(token);
      results.push_back(held ? LeaseResult::done : LeaseResult::lease_expired);
      if (held) by_queue[held->queue].push_back(held->grant.lease);
    }
    send_releases(by_queue);
    return results;
  }

  void send_releases(std::map<queues::QueueNumber, std::vector<queues::LeaseId>>& by_queue) {
    for (auto& [queue, leases] : by_queue) {
      const auto source = sources_.find(queue);
      if (source == sources_.end()) continue;
      tell(source->second->handle, queues::ReleaseMessage{std::move(leases)});
    }
  }

  void on_release(const ExternalReleaseMessage& m) {
    auto results = release(m.tokens);
    if (m.session != 0) release(handed_out_.held_in(m.session));
    if (m.done) (*m.done)(std::move(results));
  }

  void on_extend(const ExternalExtendMessage& m) {
    const SteadyUs now_us = now();
    const SteadyUs until_us = time_after(now_us, m.by_us);
    std::map<queues::QueueNumber, std::vector<queues::LeaseId>> by_queue;
    std::vector<LeaseResult> results;
    for (const std::string& token : m.tokens) {
      HandedOut::Held* const held = handed_out_.find(token);
      const bool is_alive = held != nullptr && (held->is_settling || held->until_us >= now_us);
      results.push_back(is_alive ? LeaseResult::done : LeaseResult::lease_expired);
      if (!is_alive || held->until_us >= until_us) continue;
      held->until_us = until_us;
      by_queue[held->queue].push_back(held->grant.lease);
    }
    for (auto& [queue, leases] : by_queue) {
      tell(sources_.at(queue)->handle, queues::ExtendMessage{std::move(leases), m.by_us});
    }
    (*m.done)(std::move(results));
  }

  // ---- Outcomes ----

  void on_outcomes(const ExternalOutcomesMessage& m) {
    const auto call = std::make_shared<Call>();
    call->done = m.done;
    call->results.resize(m.outcomes->size(), LeaseResult::lease_expired);
    const Now at = config_.clock->now();
    for (std::size_t i = 0; i < m.outcomes->size(); ++i) {
      ExternalOutcome& outcome = (*m.outcomes)[i];
      switch (handed_out_.standing(outcome.token)) {
        case HandedOut::Standing::unknown:
          break;
        case HandedOut::Standing::finished:
          call->results[i] = LeaseResult::already_done;
          break;
        case HandedOut::Standing::settling:
          // Said twice: both hear of the first.
          await(outcome.token, call, i);
          break;
        case HandedOut::Standing::held:
          if (!take(outcome, at)) {
            call->results[i] = LeaseResult::mismatch;
          } else {
            await(outcome.token, call, i);
          }
          break;
      }
    }
    reports_.send_as(self(), true);
    if (call->open == 0) (*call->done)(std::move(call->results));
  }

  void await(const std::string& token, const std::shared_ptr<Call>& call, std::size_t index) {
    ++call->open;
    places_[token].push_back({call, index});
  }

  // Returns false if the outcome does not fit to its lease.
  bool take(ExternalOutcome& outcome, Now at) {
    HandedOut::Held& held = *handed_out_.find(outcome.token);
    StageRun run;
    fill_run(run, held.grant, config_.spec->name, at, held.until_us, nullptr);
    run.results = std::move(outcome.results);
    run.next_state = std::move(outcome.next_state);
    run.state_erased = outcome.state_erased;
    if (!fits_lease(run, config_.spec->keeps_state)) return false;
    limit_run(run);
    const std::shared_ptr<const Source>& source = sources_.at(held.queue);
    if (config_.observer != nullptr) {
      config_.observer->on_results(
          run, {at.wall_us - (at.steady_us - held.began_us), held.began_us}, at);
    }
    OutputRoutes routes{config_.targets, config_.reply_targets, source->shard};
    queues::LeaseOutcome built =
        build_outcome(config_.spec->name, routes, held.grant.lease, run, at.wall_us);
    const std::size_t bytes = bytes_of(built, run);
    reports_.add(source, std::move(built), bytes);
    handed_out_.begin(outcome.token);
    return true;
  }

  void on_settled(const queues::OutcomesMessage& m) {
    const SteadyUs now_us = now();
    const auto end = [&](const std::vector<queues::LeaseId>& leases, bool is_durable) {
      for (const queues::LeaseId lease : leases) {
        const std::string token = handed_out_.token_of(m.queue, lease);
        if (token.empty()) continue;
        handed_out_.end(token, is_durable, now_us);
        settle(token, is_durable ? LeaseResult::done : LeaseResult::lease_expired);
      }
    };
    end(m.durable, true);
    end(m.refused, false);
  }

  void settle(const std::string& token, LeaseResult result) {
    const auto places = places_.find(token);
    if (places == places_.end()) return;
    for (const Place& place : places->second) {
      place.call->results[place.index] = result;
      if (--place.call->open == 0) (*place.call->done)(std::move(place.call->results));
    }
    places_.erase(places);
  }

  // A worker that is gone must not hold up the end of the node, or a move, for as long as its lease lasts.
  void on_recall(const queues::RecallMessage& m) {
    const SteadyUs now_us = now();
    recalled_[m.queue] = time_after(now_us, recall_us);
    tick_.set(self_, recalled_[m.queue], now_us);
  }

  void release_recalled(SteadyUs now_us) {
    for (auto recalled = recalled_.begin(); recalled != recalled_.end();) {
      if (recalled->second > now_us) {
        tick_.set(self_, recalled->second, now_us);
        ++recalled;
        continue;
      }
      [[maybe_unused]] const auto results = release(handed_out_.held_of(recalled->first));
      recalled = recalled_.erase(recalled);
    }
  }

  void on_tick(const TickMessage& m) {
    const SteadyUs now_us = now();
    if (!tick_.is_due(self_, m, now_us)) return;
    release_recalled(now_us);
    handed_out_.forget_ended(now_us);
    if (handed_out_.size() > 0) tick_.set(self_, now_us + prune_us, now_us);
    serve();
  }

  caf::event_based_actor* self_ = nullptr;
  ReceiverConfig config_;
  std::string prefix_;
  std::map<queues::QueueNumber, std::shared_ptr<const Source>> sources_;
  Claims claims_;
  std::map<WaitId, std::shared_ptr<ExternalRequest>> requests_;  ///< of the waits
  HandedOut handed_out_;
  Reports reports_;                                   ///< empty between two messages
  std::map<std::string, std::vector<Place>> places_;  ///< by token, of those that settle
  std::map<queues::QueueNumber, SteadyUs> recalled_;  ///< when their leases are released
  TickTimer tick_;
};

}  // namespace

caf::actor spawn_external(caf::actor_system& system, ReceiverConfig config, std::string prefix) {
  return system.spawn(
      [](caf::stateful_actor<ExternalShell>* self, ReceiverConfig inner, std::string start) {
        return self->state.start(self, std::move(inner), std::move(start));
      },
      std::move(config), std::move(prefix));
}

}  // namespace millrace::receivers
