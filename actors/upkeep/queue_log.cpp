#include "actors/upkeep/queue_log.hpp"

#include "actors/base/assert.hpp"

namespace millrace {

void QueueLog::propose(std::shared_ptr<queues::RecordProposal> proposal) {
  proposal->record->SerializeToString(&proposal->body);
  proposal->bytes = proposal->body.size();
  const Result<void> appended = log()->append(std::move(proposal));
  // A stopped or failed log commits nothing more; the node is stopping then, so the proposal
  // is dropped. A record above the size limit means that this node broke one of its own bounds.
  MILLRACE_ASSERT(appended || appended.error().code != ErrorCode::too_large);
}

void QueueLog::on_committed(std::span<logs::Committed> group) {
  const std::lock_guard lock(order_mutex_);
  last_ = group.back().lsn;
  router_.route(group);
  owner_.on_group(last_);
}

void QueueLog::on_storage_full() {
  if (log() == nullptr) return;  // not attached yet; the log repeats the call
  in_order([this](logs::Lsn last) { owner_.on_storage_full(last); });
  owner_.after_storage_full();
}

}  // namespace millrace
