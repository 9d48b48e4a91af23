#include "actors/queue/shell/removals.hpp"

#include <utility>

#include <caf/all.hpp>

#include "actors/queue/move/page_to_move.hpp"

namespace millrace::queues {

PageReply page_of(const State& state, const PageMessage& m) {
  if (m.move_up_to == 0) {
    return {std::make_shared<const Page>(page_of(state, m.from, m.max)), nullptr};
  }
  MovedPage copied = page_to_move(state, m.from, m.move_up_to);
  return {std::make_shared<const Page>(std::move(copied.page)),
          std::make_shared<const std::string>(std::move(copied.columns))};
}

std::optional<Error> Removals::refusal(bool redrive) const {
  if (state_->live.draining) {
    return Error{ErrorCode::draining, state_->name + ": the node is stopping"};
  }
  // An outbox gives out what it holds by number: nothing may be taken from its middle.
  if (state_->live.quiesced || state_->is_outbox) {
    return Error{ErrorCode::draining, state_->name + " is being moved to another node"};
  }
  if (redrive && log_->is_full()) {
    return Error{ErrorCode::storage_full, state_->name + ": no room on the disk"};
  }
  return std::nullopt;
}

Decision Removals::decide(const RemoveMessage& m, Promise promise, TimeUs now_us) {
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
  const std::vector<LeaseId> leases = hold(*state_, page, now_us);
  Decision decision = m.redrive ? decide_redrive(*state_, leases, page, origins, now_us)
                                : decide_drop(*state_, leases, now_us);
  if (!decision.record) {
    promise.deliver(RemoveReply{});
    return {};
  }
  decision.pending.operation = ++operations_;
  waiting_.emplace(operations_, std::move(promise));
  return decision;
}

void Removals::committed(std::uint64_t operation, int removed) {
  const auto waiting = waiting_.find(operation);
  if (waiting == waiting_.end()) return;
  waiting->second.deliver(RemoveReply{static_cast<std::uint64_t>(removed), std::nullopt});
  waiting_.erase(waiting);
}

}  // namespace millrace::queues
