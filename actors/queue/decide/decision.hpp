// What the queue's decisions return to its shell.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "actors/queue/state/queue_state.hpp"
#include "messages/error_code.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// How far a record takes a producer.
struct ProducerProgress {
  std::string name;
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;
};

/// A record to be made durable, and what the queue must remember until it is. The shell calls
/// propose(state, decision), hands the record to the log, and calls committed(state, pending) when
/// the record comes back, after apply().
struct Pending {
  std::vector<LeaseId> leases;              ///< that this record ends
  std::vector<ProducerProgress> producers;  ///< that it attaches, or whose offers it settles
  std::vector<MessageId> idempotency_keys;
  std::uint64_t messages = 0;  ///< appended to this queue by offers
  std::uint64_t bytes = 0;
  std::vector<TimerId> timers;  ///< that it fires, clears or replaces
  std::uint64_t operation = 0;  ///< of an operator who waits for it; 0: nobody does
  bool is_local = false;  ///< of a producer of this node, who goes on while the queue is quiesced
};

struct Decision {
  std::unique_ptr<pb::Record> record;  ///< null: nothing to log
  Pending pending;
};

/// How many of `leases`, from the first and at least one, have bodies that fit into one record.
[[nodiscard]] std::size_t fitting(const State& state, std::span<const LeaseId> leases);

/// Starts a record of `state`'s queue.
[[nodiscard]] std::unique_ptr<pb::Record> new_record(const State& state, TimeUs now_us);

/// The change of queue `number` within `record`, made when there is none. The first change of a
/// record is that of the queue that decided it.
[[nodiscard]] pb::Change& change_of(pb::Record& record, QueueNumber number);

/// Adds the death of a live message to `record`: gone here, a dead letter there.
void add_death(const State& state, pb::Record& record, Sequence sequence, std::uint32_t failed,
               ErrorCode code, std::string reason);

/// Marks what `decision` is about to change, so that nothing decides it twice.
void propose(State& state, const Decision& decision);

/// Ends what propose() began; the record has been applied.
void committed(State& state, const Pending& pending);

}  // namespace millrace::queues
