// RecordLog: the log as queues see it: propose → committed → apply.
//
// The local journal stands behind it, or a test's memory, or one day a replicated log.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "actors/journal/format/frame.hpp"
#include "actors/journal/write/proposal.hpp"
#include "actors/queue/decide/decision.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// A record on its way into the log, with what its queue wants to remember of it.
class RecordProposal : public journal::Proposal {
 public:
  std::shared_ptr<const pb::Record> record;
  QueueNumber owner = 0;  ///< the queue that decided it
  Pending pending;
  /// Called, where it is not empty, in log order, when the record is durable and all queues that it
  /// touches have been sent their changes.
  std::function<void()> durable{};
};

/// One queue's share of a committed record.
struct CommittedChange {
  std::shared_ptr<RecordProposal> proposal;
  int change = 0;  ///< index into the record's changes
  journal::Lsn lsn = 0;
  journal::Place place{};
};

class RecordLog {
 public:
  virtual ~RecordLog() = default;

  /// Sends a record on its way. Each queue that it touches gets its CommittedChange when the record
  /// is durable, in log order. Never blocks for I/O; bounded by the credit of those who propose.
  virtual void propose(std::shared_ptr<RecordProposal> proposal) = 0;

  /// Whether new work must be refused for want of disk space.
  [[nodiscard]] virtual bool is_full() const = 0;

  /// Full, and the last of the reserve is being used up: what is left must do for the outcomes of
  /// what is leased already, and for compaction. So nothing more is leased.
  [[nodiscard]] virtual bool is_exhausted() const = 0;
};

}  // namespace millrace::queues
