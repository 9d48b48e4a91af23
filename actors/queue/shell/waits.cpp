#include "actors/queue/shell/waits.hpp"

#include <limits>
#include <memory>
#include <utility>

#include <caf/all.hpp>

#include "actors/queue/snapshot/snapshot.hpp"

namespace millrace::queues {
namespace {

/// Parts of a copy go over a link, between frames of others.
constexpr PartSize copied_part{.bytes = 64u << 10, .entries = 1'024};

}  // namespace

void Waits::quiesce(const QuiesceMessage& m, Quiesced promise) {
  quiescing_.push_back({m.seals, std::move(promise)});
  answer();
}

void Waits::flush(Flushed promise) {
  flushes_.push_back({state_->durable.last, std::move(promise)});
  answer();
}

void Waits::answer() {
  if (unsettled_ == 0 && state_->live.in_flight == 0) {
    for (Quiescing& waiting : std::exchange(quiescing_, {})) {
      waiting.promise.deliver(quiesced(waiting.seals));
    }
  }
  if (flushes_.empty()) return;
  const bool holds = state_->is_outbox || state_->live.sealed;
  const Sequence first = first_live();
  std::erase_if(flushes_, [&](Flush& waiting) {
    if (holds && first <= waiting.last) return false;
    waiting.promise.deliver(FlushedReply{state_->number});
    return true;
  });
}

QuiescedReply Waits::quiesced(bool with_parts) const {
  auto parts = std::make_shared<std::vector<std::string>>();
  if (with_parts) {
    write_snapshot_frame(*state_, copied_part,
                         [&parts](std::string part) { parts->push_back(std::move(part)); });
  }
  return {state_->number, state_->durable.last, state_->durable.ledger.duplicates,
          std::move(parts)};
}

Sequence Waits::first_live() const {
  Sequence first = std::numeric_limits<Sequence>::max();
  state_->durable.index.visit_from(0, [&first](Sequence sequence, const Entry&) {
    first = sequence;
    return false;
  });
  return first;
}

void Waits::give_up_quiescing(const std::string& why) {
  for (Quiescing& waiting : std::exchange(quiescing_, {})) {
    waiting.promise.deliver(caf::make_error(caf::sec::runtime_error, state_->name + ": " + why));
  }
}

void Waits::give_up_flush(const std::string& why) {
  for (Flush& waiting : std::exchange(flushes_, {})) {
    waiting.promise.deliver(caf::make_error(caf::sec::runtime_error, state_->name + ": " + why));
  }
}

}  // namespace millrace::queues
