// State of one queue of one shard: what the log holds of it, and what is rebuilt after a restart.
//
//   append ─▶ waiting ─lease─▶ leased ─outcome─▶ settling ─commit─▶ gone: acked or dead
//                ▲  ▲            │ lease ends               │ retry, failure
//                │  └────────────┘                          ▼
//                └──────────────── due ◀──────────────── delayed
//
// Pure data. decide_*.hpp read it and build records; apply.hpp applies records to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "actors/queue/state/dedup_table.hpp"
#include "actors/queue/state/dispatch_lines.hpp"
#include "actors/queue/state/key_table.hpp"
#include "actors/queue/state/keyed_store.hpp"
#include "actors/queue/state/ledger.hpp"
#include "actors/queue/state/limits.hpp"
#include "actors/queue/state/message_index.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// Number of a queue of one shard in the log. 0 means "none".
using QueueNumber = std::uint32_t;
using LeaseId = std::uint64_t;
using ReceiverId = std::uint64_t;
/// Holds leases of messages that are given up.
constexpr ReceiverId nobody = 0;

/// Times that a message carries. 0: none.
struct Schedule {
  TimeUs not_before_us = 0;
  TimeUs expires_at_us = 0;
};

struct FailureNote {
  TimeUs first_at_us = 0;
  TimeUs last_at_us = 0;
};

/// Messages in the hands of one receiver: consecutive ones of a key, or one without key.
struct Lease {
  ReceiverId receiver = 0;
  KeySlot slot = no_slot;
  TimeUs deadline_us = 0;
  std::vector<Sequence> run;
  bool settling = false;  ///< its outcome is on the way into the log
  bool begun = false;     ///< its receiver works on it, and on nothing else
};

/// What is on its way into the log for one producer; it replaces what the dedup table says.
struct ProposedProducer {
  std::uint64_t epoch = 0;
  std::uint64_t last = 0;     ///< last sequence number on its way
  std::uint32_t records = 0;  ///< not committed yet
};

struct Receiver {
  std::uint32_t demand = 0;  ///< messages that it still asks for
};

/// Folded from the log by apply(), and by nothing else.
struct Durable {
  TimeUs at_us = 0;  ///< of the latest record
  Sequence last = 0;
  MessageIndex index;
  NumberMap<Schedule> schedules;    ///< messages that have times
  NumberMap<FailureNote> failures;  ///< messages that failed
  DedupTable dedup;
  KeyedStore keyed;
  Ledger ledger;
};

/// Rebuilt after a restart.
struct Volatile {
  TimeUs now_us = 0;  ///< latest time that a command or record brought
  DispatchLines lines;
  std::set<std::pair<TimeUs, Sequence>> delayed;  ///< heads of keys that are not due
  NumberMap<Lease> leases;
  std::set<std::pair<TimeUs, LeaseId>> deadlines;
  LeaseId lease_last = 0;
  std::map<ReceiverId, Receiver> receivers;
  ReceiverId receiver_last_served = 0;
  std::uint32_t in_flight = 0;  ///< messages leased or settling
  std::uint32_t blocked = 0;    ///< queues downstream that are above their high water
  std::uint32_t closed = 0;     ///< queues of the same cycle that are
  bool draining = false;
  bool quiesced = false;                 ///< to be handed over: leases nothing, fires no timers
  bool sealed = false;                   ///< and takes nothing of other nodes: it has its boundary
  bool exhausted = false;                ///< the log has no room for the outcomes of further leases
  bool loading = false;                  ///< bodies are being read
  StringMap<ProposedProducer> proposed;  ///< by name of the producer
  absl::flat_hash_set<MessageId, MessageIdHash> proposed_keys;  ///< idempotency keys on their way
  std::uint64_t proposed_messages = 0;
  std::uint64_t proposed_bytes = 0;
  std::set<TimerId> settling_timers;  ///< their firing, clearing or replacement is on its way
  std::uint64_t repeats = 0;  ///< offers recognised by their sequence number since the start
  std::uint64_t leases_given = 0;
  bool above_high_water = false;
};

struct State {
  /// As it is in the log by now; number, name and is_outbox follow from it. See declare().
  std::shared_ptr<const pb::Declaration> declaration;
  QueueNumber number = 0;
  QueueNumber dead_letters = 0;  ///< where the given up go; 0: nothing consumes this queue
  std::string name;
  /// The queue is an outbox: whatever their key, priority and times, its messages are one line, and
  /// leave it in the order of their numbers. All that is the affair of the queue they are for.
  bool is_outbox = false;
  Limits limits;
  Durable durable;
  Volatile live;
  KeyTable keys;  ///< chains of live messages; follows from `durable`
};

}  // namespace millrace::queues
