// State of one queue of one shard: what the log holds of it, and what is rebuilt after a restart.
//
//   append ─▶ waiting ─lease─▶ leased ─outcome─▶ settling ─commit─▶ gone: acked, dead or dropped
//              │ ▲  ▲            │ lease ends        │
//      not due │ │  └────────────┘                   │ commit of a retry
//              ▼ │ due                               │
//             delayed ◀──────────────────────────────┘
//
// The comments of the fields state the invariants, and check_invariants() checks them. They hold
// whenever no change is half done. Writers of each part:
//
//   Durable, but for bodies             apply() and read_snapshot()
//   key chains, status of messages,     backlog.cpp
//     lines, delayed
//   leases, deadlines, in_flight        lease_table.cpp
//   proposed*, settling_timers          propose() and committed()
//   receivers, flags, counts, bodies    the queue's actor; dispatch() reduces demand
//
// The table that holds a live message, by its status:
//
//   status      without key            with key
//   waiting     a line of tickets      its chain; the chain has a ticket unless it is busy
//   delayed     delayed                its chain, as head; the chain is busy; delayed
//   waiting, of a paused key           its chain, which is busy; held
//   leased      run of one lease       its chain, which is busy; run of one lease
//   settling    run of one lease that is settling; with key: its chain, which is busy
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
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
#include "actors/queue/state/pause_table.hpp"
#include "actors/queue/state/topic_table.hpp"
#include "messages/record.pb.h"

namespace millrace::queues {

/// Number of a queue of one shard in the log of its node. 0 means "none".
using QueueNumber = std::uint32_t;
using LeaseId = std::uint64_t;
using ReceiverId = std::uint64_t;
/// The receiver of leases that only keep messages from receivers while they are given up or
/// removed.
constexpr ReceiverId nobody = 0;

/// Times that a message carries. 0: none.
struct Schedule {
  TimeUs not_before_us = 0;
  TimeUs expires_at_us = 0;
  DurationUs delay_us = 0;  ///< the duration that not_before_us was computed from

  /// When the message is to be looked at: it may be leased, or is to be given up.
  [[nodiscard]] TimeUs due_us() const {
    return expires_at_us == 0 ? not_before_us : std::min(not_before_us, expires_at_us);
  }
};

/// When and how a message failed, and whether it is a suspect: see decide/suspicion.hpp.
/// first_at_us <= last_at_us; both 0 of a message that has not failed.
struct FailureNote {
  TimeUs first_at_us = 0;
  TimeUs last_at_us = 0;
  std::uint32_t overran = 0;     ///< how often its handler ran beyond the lease
  std::uint32_t deaths = 0;      ///< of the process, while it was handled, since its last outcome
  std::uint32_t own_deaths = 0;  ///< of these, while it was handled alone
  bool runs_alone = false;
};

/// Messages leased to one receiver: of one key, or one without key.
struct Lease {
  ReceiverId receiver = nobody;
  KeySlot slot = no_slot;  ///< of the key, which is busy; no_slot: without key
  SteadyUs deadline_us = 0;
  std::uint64_t bytes = 0;    ///< of the payloads and keys of `run`
  std::vector<Sequence> run;  ///< not empty; those still live have the status of the lease
  bool settling = false;      ///< its outcome is proposed; it can neither expire nor be completed
  bool begun = false;         ///< the receiver handles this lease alone; run.size() == 1
};

/// Progress of one producer including the records that are in flight; takes precedence over the
/// dedup table. Never behind the dedup table, unless `is_rebased`.
struct ProposedProducer {
  std::uint64_t epoch = 0;
  std::uint64_t generation = 0;
  std::uint64_t last = 0;     ///< last sequence number in a record in flight
  std::uint32_t records = 0;  ///< in flight; > 0
  bool is_rebased = false;    ///< one of them is an Attach.rebase
};

/// Progress of a producer of a topic, including its batches in flight.
struct ProposedBatches {
  std::int16_t epoch = 0;
  std::int32_t next_sequence = 0;
  std::deque<std::pair<std::int32_t, std::uint32_t>>
      batches{};  ///< first number and count of those in flight, in their order; not empty
};

struct Receiver {
  std::uint32_t demand = 0;  ///< messages that the receiver still asks for
  bool claims = false;       ///< the demand is a claim: it ends when nothing more is ready
  bool awaits = false;       ///< the last claim found too little, and the receiver is to be told
  DurationUs lease_us = 0;   ///< of its leases; 0: Limits::lease_us
};

/// What the log holds.
struct Durable {
  /// Latest time of a record, since the wall clock was last set back. A label, no clock: it may be
  /// after the present.
  TimeUs at_us = 0;
  /// The time that passed between records, without steps of the wall clock; never falls.
  TimeUs age_us = 0;
  Sequence last = 0;                ///< of the latest message; no live message is beyond it
  MessageIndex index;               ///< the live messages; size() == ledger.queued(), unless staged
  NumberMap<Schedule> schedules;    ///< by message; exactly those with Entry::has_schedule
  NumberMap<FailureNote> failures;  ///< by message; exactly those with Entry::has_failure
  DedupTable dedup;
  KeyedStore keyed;
  std::vector<OutboxGeneration>
      generations;    ///< of an outbox, oldest first; empty: written by an older version
  TopicTable topics;  ///< their batches are the live messages, each once, unless staged
  std::shared_ptr<const PauseTable> pauses;  ///< null: nothing is paused
  TimeUs breaker_open_since_us =
      0;          ///< of the stage that reads the queue; 0: its breaker is closed
  Ledger ledger;  ///< offered == acked + dead + dropped + live messages, unless staged
};

/// What a restart begins without, or derives from Durable.
struct Volatile {
  TimeUs now_us = 0;  ///< wall time of the latest dispatch or record; may go back

  // Messages.
  DispatchLines lines;  ///< a ticket for each free key and each waiting message without key
  std::set<std::pair<TimeUs, Sequence>> delayed;  ///< by Schedule::due_us(); exactly those delayed
  /// Keys that were ready and are paused, with the time at which the head expires, 0: never. Busy, and
  /// without a lease or delay.
  std::map<KeySlot, TimeUs> held;

  // Leases.
  NumberMap<Lease> leases;                           ///< at most one for each key
  std::set<std::pair<SteadyUs, LeaseId>> deadlines;  ///< exactly of the leases not settling
  LeaseId lease_last = 0;                            ///< no lease is beyond it
  std::map<ReceiverId, Receiver> receivers;
  ReceiverId receiver_last_served = nobody;  ///< receivers take turns
  std::uint32_t in_flight = 0;               ///< sum of the sizes of all runs
  std::uint64_t in_flight_bytes = 0;         ///< sum of Lease::bytes
  std::uint64_t leases_given = 0;            ///< messages leased since the start; never falls

  // Why the queue does not lease or refuses offers.
  std::uint32_t blocked = 0;  ///< downstream queues above high water; while > 0, nothing is leased
  std::uint32_t closed = 0;   ///< queues of the same cycle above high water; while > 0: no offers
  bool draining = false;      ///< the node stops; never reset
  bool quiesced = false;      ///< leases nothing and fires no timers, for a move
  bool sealed = false;        ///< refuses offers of other nodes, for a move; implies quiesced
  bool exhausted = false;     ///< the log has no room for the outcomes of further leases
  bool breaker_open = false;  ///< of the stage: failures do not count now
  /// Messages that may be leased now, as probes of a breaker that is open; nullopt: as many as there
  /// are. Set for each dispatch().
  std::optional<std::uint32_t> permits;
  bool may_probe = false;    ///< the breaker would give a permit to a receiver that asks
  std::set<LeaseId> probes;  ///< leases of probes whose outcome the breaker does not know yet
  bool pausing = false;      ///< leases nothing until the record that pauses the queue is durable
  bool resuming = false;     ///< a record in flight ends pauses whose time is over
  bool loading = false;      ///< bodies are being read from the log
  bool loading_states = false;    ///< values of keys are being read from the state store
  bool above_high_water = false;  ///< upstream queues count this queue as blocked or closed

  // Records in flight.
  StringMap<ProposedProducer> proposed;  ///< by producer; exactly those with records in flight
  absl::flat_hash_set<MessageId, MessageIdHash> proposed_keys;  ///< idempotency keys in flight
  std::uint64_t proposed_messages = 0;    ///< of offers in flight; 0 while `proposed` is empty
  std::uint64_t proposed_bytes = 0;       ///< of these messages
  std::set<std::string> removing_topics;  ///< as the queue's actor was asked; refused to all others
  /// By topic and producer, -1: those that are not idempotent; exactly those with batches in flight.
  std::map<std::pair<std::string, std::int64_t>, ProposedBatches> proposed_batches;
  /// Fired, cleared or replaced by a record in flight: second parts of their TimerId.
  std::set<std::uint64_t> settling_timers;
  DurationUs stepping_us = 0;  ///< sum of Change::stepped_us of the records in flight

  /// Keys that a record in flight forgets; not leased meanwhile.
  absl::flat_hash_set<std::string> forgetting;

  std::uint64_t duplicates = 0;  ///< offers known by their sequence number, since the start
  Sequence bodies_from = 0;      ///< of topics: bodies of earlier messages were dropped from memory
};

struct State {
  /// The latest declaration in the log, or null. `number`, `name` and `is_outbox` follow from it:
  /// see declare().
  std::shared_ptr<const pb::Declaration> declaration;
  QueueNumber number = 0;
  QueueNumber dead_letters = 0;  ///< dead letter queue; 0: no stage reads this queue
  std::string name;
  /// The messages of an outbox form one chain, whatever their key, priority and times, and leave in
  /// the order of their numbers. The target queue applies keys, priorities and times.
  bool is_outbox = false;
  /// Its messages are those of topics: see topic_table.hpp. An outbox keeps none.
  [[nodiscard]] bool keeps_topics() const {
    return !is_outbox && declaration && declaration->topics();
  }
  Limits limits;
  Durable durable;
  Volatile live;
  KeyTable keys;  ///< chains of all live messages that have a key; derived from `durable`
};

}  // namespace millrace::queues
