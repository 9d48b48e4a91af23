#include "actors/queue/shell/pending_replies.hpp"

#include <limits>
#include <memory>
#include <utility>

#include <caf/all.hpp>

#include "actors/queue/snapshot/snapshot.hpp"

namespace millrace::queues {
namespace {

// Small, because the frames of other traffic on the link wait behind a part.
constexpr PartSize moved_part{.bytes = 64u << 10, .entries = 1'024};

template <class Replies>
void cancel(Replies& replies, const std::string& message) {
  for (auto& reply : std::exchange(replies, {})) {
    reply.promise.deliver(caf::make_error(caf::sec::runtime_error, message));
  }
}

}  // namespace

void PendingReplies::add(const QuiesceMessage& m, QuiescePromise promise) {
  quiesces_.push_back({m.seals, std::move(promise)});
  deliver_due();
}

void PendingReplies::add(FlushPromise promise) {
  flushes_.push_back({state_.durable.last, std::move(promise)});
  deliver_due();
}

void PendingReplies::deliver_due() {
  if (in_flight_ == 0 && state_.live.in_flight == 0) {
    for (Quiesce& quiesce : std::exchange(quiesces_, {})) {
      quiesce.promise.deliver(quiesced_reply(quiesce.seals));
    }
  }
  if (flushes_.empty()) return;
  const bool is_for_other_node = state_.is_outbox || state_.live.sealed;
  const Sequence first = first_live();
  std::erase_if(flushes_, [&](Flush& flush) {
    if (is_for_other_node && first <= flush.last) return false;
    flush.promise.deliver(FlushedReply{state_.number});
    return true;
  });
}

QuiescedReply PendingReplies::quiesced_reply(bool is_sealed) const {
  auto parts = std::make_shared<std::vector<std::string>>();
  if (is_sealed) {
    write_snapshot_frame(state_, moved_part,
                         [&parts](std::string part) { parts->push_back(std::move(part)); });
  }
  return {state_.number, state_.durable.last, state_.durable.ledger.duplicates, std::move(parts)};
}

Sequence PendingReplies::first_live() const {
  Sequence first = std::numeric_limits<Sequence>::max();
  state_.durable.index.visit_from(0, [&first](Sequence sequence, const Entry&) {
    first = sequence;
    return false;
  });
  return first;
}

void PendingReplies::deliver_flushed() {
  for (Flush& flush : std::exchange(flushes_, {})) {
    flush.promise.deliver(FlushedReply{state_.number});
  }
}

void PendingReplies::cancel_quiesce(const std::string& reason) {
  cancel(quiesces_, state_.name + ": " + reason);
}

void PendingReplies::cancel_flush(const std::string& reason) {
  cancel(flushes_, state_.name + ": " + reason);
}

}  // namespace millrace::queues
