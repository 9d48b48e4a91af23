// Everything that a start reads: the newest checkpoint, then the log behind it.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/journal/checkpoint/checkpoint.hpp"
#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

/// What was found in a data directory.
struct Recovered {
  std::optional<CheckpointInfo> checkpoint;  ///< the one that was read
  std::vector<Error> damaged;                ///< newer checkpoints that could not be used
  std::uint64_t last_checkpoint_number = 0;  ///< highest number of any checkpoint file
  LogStart start;
  LogEnd end;
};

/// Hands the entries of the newest intact checkpoint to `on_entry`, then every record from its
/// `replay_from` on to `on_frame`, all in order. Changes nothing, so that a node's start and
/// offline tools share it. An older checkpoint stands in for a damaged one as long as the log still
/// reaches back to it; else `corrupt`, as for confirmed records that fail their check. An error of
/// a visitor ends the reading and is returned. Blocks.
Result<Recovered> recover(const DataDirectory& directory, const EntryVisitor& on_entry,
                          const FrameVisitor& on_frame);

}  // namespace millrace::journal
