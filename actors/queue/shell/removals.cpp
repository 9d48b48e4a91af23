#include "actors/queue/shell/removals.hpp"

#include <utility>

#include <caf/all.hpp>

namespace millrace::queues {

std::optional<Error> Removals::refusal(bool is_redrive) const {
  if (state_.live.draining) {
    return Error{ErrorCode::draining, state_.name + ": the node is stopping"};
  }
  // The target expects the messages of an outbox with consecutive numbers.
  if (state_.live.quiesced || state_.is_outbox) {
    return Error{ErrorCode::draining, state_.name + " is being moved to another node"};
  }
  if (is_redrive && log_.is_full()) {
    return Error{ErrorCode::storage_full, state_.name + ": no room on the disk"};
  }
  return std::nullopt;
}

Decision Removals::decide(const RemoveMessage& m, Promise promise, Now now) {
  if (auto refused = refusal(m.redrive)) {
    promise.deliver(RemoveReply{0, std::move(refused)});
    return {};
  }
  std::vector<PageEntry> page = *m.messages;
  const Origins origins = m.redrive && origins_ ? origins_() : Origins();
  if (m.redrive) {
    std::erase_if(page, [&origins](const PageEntry& one) {
      return !one.body || !is_redrivable(*one.body, origins);
    });
  }
  const std::vector<LeaseId> leases = hold(state_, page, now.steady_us);
  Decision decision = m.redrive ? decide_redrive(state_, leases, page, origins, now.wall_us)
                                : decide_drop(state_, leases, now.wall_us);
  if (!decision.record) {
    promise.deliver(RemoveReply{});
    return {};
  }
  decision.pending.operation = ++operation_last_;
  promises_.emplace(operation_last_, std::move(promise));
  return decision;
}

void Removals::committed(std::uint64_t operation, int removed) {
  const auto promise = promises_.find(operation);
  if (promise == promises_.end()) return;
  promise->second.deliver(RemoveReply{static_cast<std::uint64_t>(removed), std::nullopt});
  promises_.erase(promise);
}

}  // namespace millrace::queues
