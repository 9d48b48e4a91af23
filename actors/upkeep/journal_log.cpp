#include "actors/upkeep/journal_log.hpp"

#include "actors/base/assert.hpp"

namespace millrace {

void JournalLog::propose(std::shared_ptr<queues::RecordProposal> proposal) {
  proposal->record->SerializeToString(&proposal->body);
  const Result<void> appended = journal()->append(std::move(proposal));
  // A stopped or failed journal confirms nothing more, and nobody waits for it. A record beyond the
  // limit would be a bound that this runtime failed to keep.
  MILLRACE_ASSERT(appended || appended.error().code != ErrorCode::too_large);
}

void JournalLog::on_committed(std::span<journal::Committed> group) {
  const std::lock_guard lock(order_mutex_);
  last_ = group.back().lsn;
  router_.route(group);
  callbacks_.after_group(last_);
}

void JournalLog::on_storage_full() {
  if (journal() == nullptr) return;  // it is said again
  in_order(callbacks_.storage_full);
  callbacks_.after_storage_full();
}

}  // namespace millrace
