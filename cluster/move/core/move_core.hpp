// The state of one shard at one node while the shard moves, and the parts of the move protocol that
// source and target share. The sides are in source_core.hpp and target_core.hpp. Pure.
//
//   source   serving ─move─▶ stopping ─quiesced─▶ exporting ─ready─▶ FENCED ─installed─▶ GIVEN UP
//               ▲               │ cancelled           │ declined        │ refused: epoch + 2
//               └───────────────┴─────────────────────┴─────────────────┘
//
//   target   empty ─chunks─▶ receiving ─all stored─▶ preparing ─▶ ready ─commit─▶ INSTALLED
//                                └────────── cancel ─────┴──────────┴───────────▶ REFUSED
//
// A state in capitals is a durable record; the next step waits until the record is durable. The
// commit point is INSTALLED at the target: from there on the target owns the shard. The source is
// FENCED before the target may install, and GIVEN UP only afterwards, so no crash leaves two nodes
// that serve the shard. A source that restarts FENCED does not serve: it asks the target, which
// answers INSTALLED or REFUSED after writing one of the two records. A source that restarts before
// FENCED serves again: nothing durable has changed.
//
// No function waits. `retry` sends the last unanswered step again, so messages may be lost,
// duplicated, delayed or reordered. A step that needs a record while another record is being
// written is ignored; the peer's retry repeats the step.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "messages/cluster.pb.h"
#include "messages/result.hpp"

namespace millrace::moves {

/// Chunks sent and not confirmed. Eight chunks of 64 KiB fill half of a link's window.
constexpr std::uint64_t chunks_in_flight_max = 8;

/// Orders the attempts of one shard: by epoch, then by number.
[[nodiscard]] std::strong_ordering compare(const pb::MoveAttempt& a, const pb::MoveAttempt& b);
[[nodiscard]] inline bool same(const pb::MoveAttempt& a, const pb::MoveAttempt& b) {
  return compare(a, b) == std::strong_ordering::equal;
}

/// Returns the Seal digest after one more chunk. The digest of no chunks is 0.
[[nodiscard]] std::uint64_t chain(std::uint64_t digest, std::uint64_t checksum);

/// Returns the chunk message for `data`. Requires index < chunks.
[[nodiscard]] pb::MoveChunk make_chunk(std::uint64_t index, std::uint64_t chunks, std::string data);

/// A move at its source, until the source is fenced. In memory only.
/// Invariant: stored <= sent <= seal.chunks(), reported <= stored.
struct Outgoing {
  pb::MoveAttempt attempt;
  std::string target;
  pb::Seal seal;             ///< zero chunks until `quiesced` was called
  std::uint64_t sent = 0;    ///< chunks below this index were sent since the last retry
  std::uint64_t stored = 0;  ///< chunks below this index were durable at the target
  /// The target's latest answer. Less than `stored` when the answer was delayed, or when the target
  /// lost its staging file. A retry continues from this index.
  std::uint64_t reported = 0;
};

/// A move at its target. `attempt`, `chunks`, `stored` and `digest` are recovered from the staging
/// file; the other fields are in memory only. Invariant: stored <= taken <= chunks.
struct Incoming {
  pb::MoveAttempt attempt{};
  std::uint64_t chunks = 0;
  std::uint64_t taken = 0;   ///< chunks below this index were passed to the staging file
  std::uint64_t stored = 0;  ///< chunks below this index are durable in the staging file
  std::uint64_t digest = 0;  ///< of the chunks below `taken`
  std::string source{};      ///< node that receives the answers
  bool preparing = false;
  bool prepared = false;
  bool committing = false;  ///< the source is fenced and waits for the outcome
};

/// One shard at one node.
struct Shard {
  std::string self;
  pb::ShardRecord record;                    ///< the durable record
  std::optional<pb::ShardRecord> writing{};  ///< proposed, not durable yet
  pb::Ownership heard{};  ///< highest epoch received while `writing`; epoch 0: none
  std::optional<Outgoing> outgoing{};
  std::optional<Incoming> incoming{};
  bool cancelling = false;         ///< a fenced source asks the target to refuse, not to install
  std::uint64_t last_attempt = 0;  ///< number of the latest move begun since the start; 0: none
};

// Effects. The shell performs them in the order of the list.
struct Write {
  pb::ShardRecord record;  ///< make this record durable, then call `written`
};
struct Send {
  std::string to;
  pb::MoveStep step;
};
struct SendChunks {  ///< each as a MoveStep made by `make_chunk`
  std::string to;
  pb::MoveAttempt attempt;
  std::uint64_t first;
  std::uint64_t end;
};
/// Refuse offers with `draining`, lease nothing, wait until nothing is in flight, export the
/// shard's queues as chunks, then call `quiesced`. The shard must not change after that call.
struct Quiesce {
  pb::MoveAttempt attempt;
};
/// Serve the shard in this epoch. If a staging file of this epoch exists, append its contents to
/// the log first, unless the log has them. Idempotent: after a crash `recover` returns Open again.
struct Open {
  std::uint64_t epoch;
};
/// Stop serving at once and keep all data: another node owns the shard in a higher epoch although
/// this node did not give the shard up. This node's disk is an older copy; an operator must decide.
struct Fence {};
struct Discard {};  ///< the shard has moved: its data here may be deleted
struct Stage {      ///< empty the staging file if `anew`, append, then call `chunk_stored`
  pb::MoveAttempt attempt;
  pb::MoveChunk chunk;
  bool anew;
};
struct Prepare {  ///< check that the staging file can be opened, then call `prepared`
  pb::MoveAttempt attempt;
};
struct DropStaging {};

using Effect = std::variant<Write, Send, SendChunks, Quiesce, Open, Fence, Discard, Stage, Prepare,
                            DropStaging>;
using Effects = std::vector<Effect>;

/// Whether the durable record names this node as owner. A fenced owner does not serve.
[[nodiscard]] bool owns(const Shard& shard);

/// Whether the shard takes offers and leases messages. If not, offers are refused: with `draining`
/// if `owns`, otherwise with `not_owner`.
[[nodiscard]] bool serves(const Shard& shard);

/// Call once after a start, with `shard.record` as read from disk. `staged` describes the staging
/// file; nullopt: there is none.
[[nodiscard]] Effects recover(Shard& shard, std::optional<Incoming> staged);

/// Records an ownership that another node reported, if it is newer than the known one.
[[nodiscard]] Effects learn(Shard& shard, const pb::Ownership& ownership);

/// `shard.writing` is durable. Requires shard.writing.
[[nodiscard]] Effects written(Shard& shard);

/// Sends the last unanswered step again. Call about once a second during a move.
[[nodiscard]] Effects retry(Shard& shard);

/// Handles a step that node `from` sent. A stale, duplicate or invalid step changes nothing.
[[nodiscard]] Effects received(Shard& shard, const std::string& from, const pb::MoveStep& step);

}  // namespace millrace::moves
