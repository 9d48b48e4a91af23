#include "actors/queue/shell/pauses.hpp"

#include <caf/all.hpp>

namespace millrace::queues {

void Pauses::begin(QueueHandle::pointer self) {
  if (!at_start_ || state_.live.quiesced) return;
  state_.live.pausing = !is_paused(state_);
  if (state_.live.pausing) caf::anon_send(self, PauseMessage{at_start_});
  at_start_.reset();
}

Decision Pauses::decide(const PauseMessage& m, Promise promise, TimeUs now_us) {
  PauseDecision decided = decide_pause(state_, *m.command, now_us);
  if (decided.refusal) {
    promise.deliver(PauseReply{std::move(decided.refusal)});
    return {};
  }
  decided.decision.pending.pause = ++request_last_;
  promises_.emplace(request_last_, std::move(promise));
  return std::move(decided.decision);
}

void Pauses::committed(std::uint64_t request) {
  if (request != 0) state_.live.pausing = false;
  const auto promise = promises_.find(request);
  if (promise == promises_.end()) return;
  promise->second.deliver(PauseReply{});
  promises_.erase(promise);
}

}  // namespace millrace::queues
