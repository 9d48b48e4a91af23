#include "actors/queue/shell/compaction.hpp"

#include <utility>

#include <caf/all.hpp>

namespace millrace::queues {

bool Compaction::is_over() const {
  const Volatile& live = surroundings_.state->live;
  return run_->run.is_done() || live.draining || live.quiesced;
}

void Compaction::begin(const CompactMessage& m) {
  run_ = Run{CompactionRun(m.before), m.done};
  step();
}

void Compaction::step() {
  if (!run_) return;
  if (is_over()) {
    (*std::exchange(run_, std::nullopt)->done)();
    return;
  }
  auto wanted =
      std::make_shared<const std::vector<WantedBody>>(run_->run.next(*surroundings_.state));
  const auto to_self = caf::actor_cast<caf::actor>(surroundings_.queue);
  if (wanted->empty()) {
    caf::anon_send(to_self,
                   BodiesMessage{std::make_shared<const std::vector<RelocatedBody>>(), true});
    return;
  }
  caf::anon_send(surroundings_.reader, ReadMessage{std::move(wanted), surroundings_.state->number,
                                                   surroundings_.queue, true});
}

void Compaction::read(std::span<const RelocatedBody> bodies, TimeUs now_us) {
  Decision moves;
  if (!surroundings_.state->live.quiesced) {
    moves = run_->run.moves(*surroundings_.state, bodies, now_us);
  }
  if (moves.record) {
    surroundings_.propose(std::move(moves));  // its commit brings the next step
  } else {
    caf::anon_send(caf::actor_cast<caf::actor>(surroundings_.queue), CompactStepMessage{});
  }
}

}  // namespace millrace::queues
