// Checkpoints as users of a log write and read them: entries of opaque bytes, as of one record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "actors/log/frame.hpp"
#include "messages/result.hpp"

namespace millrace::logs {

/// Kind of an entry. The runtime defines the values; the log only stores them.
using Section = std::uint32_t;

/// Most bytes of one entry. Larger state is written as several entries.
inline constexpr std::size_t checkpoint_entry_bytes_max = 256U << 20;

/// Takes the entries of one checkpoint. Passed to a CheckpointFill; not thread-safe.
class CheckpointWriter {
 public:
  virtual ~CheckpointWriter() = default;

  /// Adds an entry; entries are read back in the order in which they were added. Fails with
  /// `too_large`, `storage_full`, `storage_failed`, `log_unreachable`, `fenced`. After a failure
  /// other than `too_large` no call may follow.
  virtual Result<void> add(Section section, std::string_view bytes) = 0;
};

/// Adds the entries of a checkpoint. Called on the thread of Log::write_checkpoint(), and a second
/// time, with a new writer, if the engine begins anew. An error that it returns ends the attempt.
using CheckpointFill = std::function<Result<void>(CheckpointWriter&)>;

/// Receives one entry; the bytes are valid during the call only. An error or exception ends the
/// reading and reaches the caller of the reading function.
using EntryVisitor = std::function<Result<void>(Section, std::string_view)>;

/// A checkpoint that was written.
struct CheckpointInfo {
  std::uint64_t number = 0;   ///< grows with each checkpoint of the log
  Lsn replay_from = 1;        ///< first record that the checkpoint does not cover
  std::uint64_t entries = 0;  ///< number of entries
  std::uint64_t bytes = 0;    ///< that it occupies
};

}  // namespace millrace::logs
