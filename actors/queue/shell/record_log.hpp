// RecordLog: the log as queues use it: propose → commit → apply.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "actors/log/frame.hpp"
#include "actors/log/proposal.hpp"
#include "actors/queue/decide/decision.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// A record in flight, with what its queue needs again when the record is committed.
class RecordProposal : public logs::Proposal {
 public:
  std::shared_ptr<const pb::Record> record;
  QueueNumber owner = 0;  ///< the queue that decided the record; 0: none did
  Pending pending;
  std::size_t bytes = 0;  ///< serialized size of `record`; set by the log
  /// May be empty. Called once, in log order, when the record is durable and its changes have been
  /// sent to all queues that it touches. Must not throw.
  std::function<void()> durable{};
};

/// One queue's part of a committed record.
struct CommittedChange {
  std::shared_ptr<RecordProposal> proposal;
  int change = 0;  ///< index into the record's changes
  logs::Lsn lsn = 0;
  logs::Place place{};
};

/// Implemented over a log of any engine, and by a log in memory for tests. Thread-safe.
class RecordLog {
 public:
  virtual ~RecordLog() = default;

  /// Adds a record to the log. When it is durable, each queue that it touches gets its
  /// CommittedChange, in log order. Does not block; the credit of producers and receivers bounds
  /// the records in flight.
  virtual void propose(std::shared_ptr<RecordProposal> proposal) = 0;

  /// Returns whether the disk has too little room for new work.
  [[nodiscard]] virtual bool is_full() const = 0;

  /// Returns whether the log is full and only the room remains that compaction and the outcomes of
  /// current leases need; nothing may be leased then.
  [[nodiscard]] virtual bool is_exhausted() const = 0;

  /// Returns whether offers are to be refused because the log cannot be reached for long.
  [[nodiscard]] virtual bool refuses_work() const = 0;
};

}  // namespace millrace::queues
