// Handing a shard over: what one node knows and does of one shard. The two sides are in
// source_core.hpp and target_core.hpp; this is what they share.
//
//   source   serving ─move─▶ stopping ─quiesced─▶ exporting ─ready─▶ FENCED ─installed─▶ GIVEN
//   UP
//               ▲               │ cancelled           │ declined          │ refused: next epoch
//               └───────────────┴─────────────────────┴───────────────────┘
//   target   empty ─chunks─▶ receiving ─all stored─▶ preparing ─▶ ready ─commit─▶ INSTALLED:
//   serving
//                                                                   └───cancel──▶ REFUSED
//
// Words in capitals are records on a disk, and each step waits for its own. The commit point is the
// target's INSTALLED: from it on the shard is the target's. The source is FENCED before the target
// may write it, and GIVEN UP only after, so no crash leaves two that serve. A source that comes
// back FENCED does not serve: it asks the target, which either has INSTALLED or then writes down
// which of the two it is. A source that comes back before FENCED serves on, as nothing has
// happened.
//
// Nothing here waits: who waits is asked again by `retry`, so that messages may be lost, repeated,
// late or out of order. A decision that needs the disk while another record is on its way there is
// not taken; the other side asks again. Pure.
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

/// Chunks without an answer; with chunks of 64 KiB that is half of what a link may have in flight.
constexpr std::uint64_t chunks_in_flight_max = 8;

/// Order of the attempts of one shard.
[[nodiscard]] std::strong_ordering compare(const pb::MoveAttempt& a, const pb::MoveAttempt& b);
[[nodiscard]] inline bool same(const pb::MoveAttempt& a, const pb::MoveAttempt& b) {
  return compare(a, b) == std::strong_ordering::equal;
}

/// Folds the checksum of the next chunk into a Seal's digest; the first into 0.
[[nodiscard]] std::uint64_t chain(std::uint64_t digest, std::uint64_t checksum);

/// The next chunk as it is sent. `index` is below `chunks`.
[[nodiscard]] pb::MoveChunk make_chunk(std::uint64_t index, std::uint64_t chunks, std::string data);

/// What the source remembers of a move, in memory only, until it is fenced.
struct Outgoing {
  pb::MoveAttempt attempt;
  std::string target;
  pb::Seal seal;             ///< no chunks: leases and writes still run
  std::uint64_t sent = 0;    ///< chunks below were sent since the last retry
  std::uint64_t stored = 0;  ///< chunks below are on the target's disk
  /// As the target said last: less than `stored` when that answer was late, or the target has lost
  /// its staging file. A retry goes on from here.
  std::uint64_t reported = 0;
};

/// What the target has of a move. `attempt`, `chunks`, `stored` and `digest` come back from the
/// staging file; the rest is in memory only.
struct Incoming {
  pb::MoveAttempt attempt{};
  std::uint64_t chunks = 0;
  std::uint64_t taken = 0;   ///< chunks below were given to the staging file
  std::uint64_t stored = 0;  ///< chunks below are durable there
  std::uint64_t digest = 0;  ///< of those taken
  std::string source{};      ///< who is answered
  bool preparing = false;
  bool prepared = false;
  bool committing = false;  ///< the source is fenced and waits
};

/// One shard at one node.
struct Shard {
  std::string self;
  pb::ShardRecord record;  ///< as it is on disk
  std::optional<pb::ShardRecord> writing{};
  pb::Ownership heard{};  ///< the latest that came while `writing`; epoch 0: none
  std::optional<Outgoing> outgoing{};
  std::optional<Incoming> incoming{};
  bool cancelling = false;  ///< a fenced source asks for refusal rather than for installation
};

// What a shell has to do, in this order.
struct Write {
  pb::ShardRecord record;  ///< make it durable, then call `written`
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
/// Take no more offers (`draining`), dispatch no more, let leases end or return them, wait until
/// the log has all, cut checkpoint and rest of the log into chunks; then call `quiesced`. From then
/// on the shard must not change.
struct Quiesce {
  pb::MoveAttempt attempt;
};
/// Serve, with this epoch. If there is a staging file of just that epoch, put its contents into the
/// log first, unless they are there already: a crash in between makes `recover` say Open again.
struct Open {
  std::uint64_t epoch;
};
/// Stop at once, keep everything: another node owns the shard in a higher epoch, though this one
/// never gave it away. Its disk was restored from a copy; a person must look.
struct Fence {};
struct Discard {};  ///< the shard's data is another node's now and may go
struct Stage {  ///< append to the staging file, after emptying it if `anew`; then `chunk_stored`
  pb::MoveAttempt attempt;
  pb::MoveChunk chunk;
  bool anew;
};
struct Prepare {  ///< read the staging file into a state that can be opened; then `prepared`
  pb::MoveAttempt attempt;
};
struct DropStaging {};

using Effect = std::variant<Write, Send, SendChunks, Quiesce, Open, Fence, Discard, Stage, Prepare,
                            DropStaging>;
using Effects = std::vector<Effect>;

/// This node's disk says that it is the owner. That does not yet mean that it serves.
[[nodiscard]] bool owns(const Shard& shard);

/// Offers are taken and leases given. Otherwise an offer is refused: with `draining` while `owns`,
/// else with `not_owner`.
[[nodiscard]] bool serves(const Shard& shard);

/// A node starts with what its disk holds; `staged` is what the staging file holds, if anything.
[[nodiscard]] Effects recover(Shard& shard, std::optional<Incoming> staged);

/// Keeps what another node says of the owner, if it is news.
[[nodiscard]] Effects learn(Shard& shard, const pb::Ownership& ownership);

/// The record that was to be written is durable.
[[nodiscard]] Effects written(Shard& shard);

/// No answer came for a while. Call it about once a second while a move is going on.
[[nodiscard]] Effects retry(Shard& shard);

/// A step of the other side, `from` being the node that sent it. What is of no use changes nothing.
[[nodiscard]] Effects received(Shard& shard, const std::string& from, const pb::MoveStep& step);

}  // namespace millrace::moves
