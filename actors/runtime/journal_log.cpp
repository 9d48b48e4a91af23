#include "actors/runtime/journal_log.hpp"

#include "actors/base/assert.hpp"

namespace millrace {

void JournalLog::propose(std::shared_ptr<queues::RecordProposal> proposal) {
  proposal->record->SerializeToString(&proposal->body);
  const Result<void> appended = journal_->append(std::move(proposal));
  // A stopped or failed journal confirms nothing more, and nobody waits for it. A record beyond the
  // limit would be a bound that this runtime failed to keep.
  MILLRACE_ASSERT(appended || appended.error().code != ErrorCode::too_large);
}

void JournalLog::on_committed(std::span<journal::Committed> group) {
  const journal::Lsn last = group.back().lsn;
  router_.route(group);
  callbacks_.after_group(last);
}

}  // namespace millrace
