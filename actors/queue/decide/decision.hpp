// Decision: a record to be made durable, and what the queue must keep until it is.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/queue/state/queue_state.hpp"
#include "messages/error_code.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// The progress of a producer when a record is durable.
struct ProducerProgress {
  std::string name;
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;
  std::uint64_t generation = 0;  ///< Producer::generation
  bool is_rebased = false;       ///< by Attach.rebase
};

/// A batch for a topic, in a record in flight.
struct ProposedBatch {
  std::string topic;
  std::int64_t producer = -1;  ///< -1: not idempotent
  std::int16_t epoch = 0;
  std::int32_t sequence = 0;
  std::uint32_t count = 0;
};

/// What a record in flight uses. propose() marks it, and committed() ends the marks.
struct Pending {
  std::vector<LeaseId> leases;              ///< that the record ends
  std::vector<ProducerProgress> producers;  ///< that it attaches, or whose offers it settles
  std::vector<MessageId> idempotency_keys;  ///< of the messages that it appends
  std::uint64_t messages = 0;               ///< of offers, appended to this queue
  std::uint64_t bytes = 0;                  ///< of these messages
  std::vector<TimerId> timers;              ///< that it fires, clears or replaces
  std::vector<std::string> forgotten{};     ///< keys that it forgets
  std::uint64_t operation = 0;              ///< of an operator who waits for a reply; 0: none
  std::uint64_t pause = 0;                  ///< request of an operator who waits; 0: none
  std::uint64_t topic_request = 0;          ///< of a client of a topic who waits; 0: none
  DurationUs stepped_us = 0;                ///< its Change::stepped_us
  ReceiverId confirmed_to = nobody;  ///< to be told when the outcomes of `leases` are durable
  std::optional<ProposedBatch> batch{};
  bool resumes = false;   ///< it ends pauses whose time is over
  bool is_local = false;  ///< an attach or offer of this node's producer, allowed while quiesced
};

struct Decision {
  std::unique_ptr<pb::Record> record;  ///< null: nothing to log
  Pending pending;
};

/// Returns how many of `leases`, at least the first, have bodies that fit into one record.
[[nodiscard]] std::size_t fitting(const State& state, std::span<const LeaseId> leases);

/// A record of `now_us`, the wall time, with an empty change of this queue.
[[nodiscard]] std::unique_ptr<pb::Record> new_record(const State& state, TimeUs now_us);

/// The change of queue `number` in `record`, added where there is none. The first change of a
/// record is that of the queue that decided it. Remains valid until the next call for this record.
[[nodiscard]] pb::Change& change_of(pb::Record& record, QueueNumber number);

/// Adds the death of a live message and its dead letter to `record`. REQUIRES: the body is in
/// memory, and the queue has a dead letter queue.
void add_death(const State& state, pb::Record& record, Sequence sequence, std::uint32_t failed,
               ErrorCode code, std::string reason);

}  // namespace millrace::queues
