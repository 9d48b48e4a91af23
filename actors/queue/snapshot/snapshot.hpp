// A queue's durable state as serialized pb::SnapshotPart, for checkpoints and moves.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "actors/queue/state/queue_state.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

/// Called for each part, in order, during the call that it is passed to. An exception of the sink
/// ends that call.
using SnapshotSink = std::function<void(std::string part)>;

/// Approximate largest size of a part. A single key with a larger state is a part of its own.
struct PartSize {
  std::size_t bytes = 1u << 20;  ///< of keyed states
  int entries = 65'536;          ///< messages, producers or idempotency keys
};

/// Writes the whole durable state; the declaration is in the first part. Of keys on disk, only the
/// timers: the state store has the rest. REQUIRES: the queue is
/// declared.
void write_snapshot(const State& state, const SnapshotSink& sink);

/// Writes keys as parts. A history that does not fit into one goes on in the next.
class KeyWriter {
 public:
  /// `sink` outlives the writer.
  KeyWriter(std::size_t bytes_max, const SnapshotSink& sink) : bytes_max_(bytes_max), sink_(sink) {}

  /// `value`: null: none. `continues`: see KeyedStates::Key.
  void add(const std::string& key, const std::string* value, std::string_view history,
           TimeUs age_us = 0, bool continues = false);
  void add(const TimerId& id, const Timer& timer);
  void finish();

 private:
  void grow(std::size_t by);

  const std::size_t bytes_max_;
  const SnapshotSink& sink_;
  pb::SnapshotPart part_;
  std::size_t bytes_ = 0;  ///< of `part_`
};

/// Writes the durable state without messages: head, keyed states, timers, producers; of keys on disk
/// only the timers. Equal states give equal bytes. REQUIRES: the queue is declared.
void write_snapshot_frame(const State& state, PartSize size, const SnapshotSink& sink);

/// The live messages from number `first` to `last` as one serialized part; empty: there are none.
[[nodiscard]] std::string snapshot_of_messages(const State& state, Sequence first, Sequence last);

/// Adds one part to `state`. Parts must be added in the order in which they were written. `lsn`: the
/// record that has the part, of a move; 1: of a checkpoint. Fails with `corrupt`; `state` may have
/// part of the messages then.
[[nodiscard]] Result<void> read_snapshot(State& state, const pb::SnapshotPart& part,
                                         logs::Lsn lsn = 1);

}  // namespace millrace::queues
