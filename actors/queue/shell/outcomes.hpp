// Outcomes: what receivers report of their leases. Part of the queue's shell; runs on its thread.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <utility>

#include "actors/queue/decide/decide_due.hpp"
#include "actors/queue/shell/breaker_desk.hpp"
#include "actors/queue/shell/queue_messages.hpp"
#include "actors/queue/shell/receivers.hpp"

namespace millrace::queues {

class Outcomes {
 public:
  using Propose = std::function<void(Decision)>;

  /// All of it outlives this object.
  Outcomes(State& state, BreakerDesk& breaker, Receivers& receivers, Propose propose)
      : state_(state), breaker_(breaker), receivers_(receivers), propose_(std::move(propose)) {}

  /// Decides what `receiver` reports. `jitter`: random bits.
  void take(const CompleteMessage& m, ReceiverId receiver, Now now, std::uint64_t jitter) {
    Complete& outcomes = *m.complete;
    outcomes.jitter = jitter;
    std::uint32_t messages = 0;
    for (const LeaseOutcome& outcome : outcomes.outcomes) {
      if (!outcome.returned_demand) messages += static_cast<std::uint32_t>(outcome.messages.size());
    }
    breaker_.look();
    CompleteDecision complete = decide(state_, outcomes, now);
    breaker_.decided(complete.counts, now, jitter);
    if (m.wants_reply) complete.decision.pending.confirmed_to = receiver;
    propose_(std::move(complete.decision));
    if (!m.wants_reply) {
      add_demand(receiver, messages);
    } else if (!complete.refused.empty()) {
      receivers_.send(receiver, {state_.number, {}, std::move(complete.refused)});
    }
  }

  /// Leases that end without an outcome: see decide_lost().
  void lost(std::span<const LeaseId> leases, ErrorCode code, Now now, std::uint64_t jitter) {
    breaker_.lost(leases, code, now, jitter);
    propose_in_parts(leases, [&](std::span<const LeaseId> part) {
      return decide_lost(state_, part, code, jitter, now.wall_us);
    });
  }

  /// Leases of messages that are to be given up: see decide_give_up().
  void give_up(std::span<const LeaseId> leases, TimeUs now_us) {
    propose_in_parts(leases, [&](std::span<const LeaseId> part) {
      return decide_give_up(state_, part, now_us);
    });
  }

  /// Without effect where `receiver` is not subscribed.
  void add_demand(ReceiverId receiver, std::uint32_t messages) {
    const auto found = state_.live.receivers.find(receiver);
    if (found != state_.live.receivers.end()) found->second.demand += messages;
  }

 private:
  // Calls `decide` with consecutive parts of `leases`, each of which fits into one record, and
  // proposes the decisions.
  template <class Decide>
  void propose_in_parts(std::span<const LeaseId> leases, Decide decide) {
    while (!leases.empty()) {
      const std::size_t count = fitting(state_, leases);
      propose_(decide(leases.first(count)));
      leases = leases.subspan(count);
    }
  }

  State& state_;
  BreakerDesk& breaker_;
  Receivers& receivers_;
  Propose propose_;
};

}  // namespace millrace::queues
