// BreakerDesk: one queue's side of the breaker of the stage that reads it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "actors/queue/decide/decide_complete.hpp"
#include "actors/queue/decide/decision.hpp"
#include "actors/queue/shell/stage_breaker.hpp"
#include "actors/queue/state/queue_state.hpp"

namespace millrace::queues {

class BreakerDesk {
 public:
  /// `state` outlives this object. `breaker` may be null: nothing is held back then.
  BreakerDesk(State& state, std::shared_ptr<StageBreaker> breaker)
      : state_(state), breaker_(std::move(breaker)) {}

  /// Before outcomes are decided: says whether failures count.
  void look();
  /// The outcomes were decided.
  void decided(const OutcomeCounts& counts, Now now, std::uint64_t jitter);
  /// Leases are about to end without an outcome.
  void lost(std::span<const LeaseId> leases, ErrorCode code, Now now, std::uint64_t jitter);

  /// Before dispatch(): says how many messages may be leased.
  void permit(SteadyUs now_us);
  /// After dispatch(): gives back what was not used, and ends probes whose lease has gone.
  void settle(SteadyUs now_us);

  /// The record that the breaker has opened or closed, unless the log says so already.
  [[nodiscard]] Decision record(TimeUs now_us);
  void committed(const pb::Change& change);

  /// When dispatch() is to be tried again; nullopt: the breaker holds nothing back.
  [[nodiscard]] std::optional<SteadyUs> look_us(SteadyUs now_us) const;

  /// The queue is no queue any more, and has no leases.
  void end();

 private:
  [[nodiscard]] bool holds_back() const { return breaker_ && !breaker_->is_closed(); }

  State& state_;
  std::shared_ptr<StageBreaker> breaker_;
  bool is_recording_ = false;
};

}  // namespace millrace::queues
