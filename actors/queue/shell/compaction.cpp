#include "actors/queue/shell/compaction.hpp"

#include <utility>

#include <caf/all.hpp>

namespace millrace::queues {

bool Compaction::has_ended() const {
  return run_->run.is_done() || state_.live.draining || state_.live.quiesced;
}

void Compaction::begin(const CompactMessage& m) {
  run_ = Run{CompactionRun(m.before), m.done};
  step();
}

void Compaction::step() {
  if (!run_) return;
  if (has_ended()) {
    (*std::exchange(run_, std::nullopt)->done)();
    return;
  }
  auto wanted = std::make_shared<const std::vector<WantedBody>>(run_->run.next(state_));
  if (wanted->empty()) {
    caf::anon_send(
        caf::actor_cast<caf::actor>(queue_),
        BodiesMessage{std::make_shared<const std::vector<RelocatedBody>>(), BodiesFor::compaction});
    return;
  }
  caf::anon_send(
      reader_, ReadMessage{std::move(wanted), state_.number,
                           caf::actor_cast<caf::strong_actor_ptr>(queue_), BodiesFor::compaction});
}

Decision Compaction::relocate(std::span<const RelocatedBody> bodies, TimeUs now_us) {
  if (state_.live.quiesced) return {};
  return run_->run.relocate(state_, bodies, now_us);
}

}  // namespace millrace::queues
