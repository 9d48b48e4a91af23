// Copies the log of a node to another engine. Records keep their numbers and get new places, so the
// places that a checkpoint holds are translated.
#pragma once

#include <cstdint>
#include <memory>

#include "actors/log/copy.hpp"
#include "actors/state_store/state_store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// What was copied.
struct LogCopyInfo {
  logs::Lsn first_lsn = 0;
  logs::Lsn last_lsn = 0;
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;     ///< of the bodies of the records
  std::uint64_t messages = 0;  ///< live ones in the checkpoint
};

/// Copies the records and the newest checkpoint, up to and with CopyTarget::prepare(): nothing was given
/// up and completed yet. `states`: the state store of the same node, not open yet; null: it has none, or
/// the source keeps its files, which are then got into a temporary directory.
/// Keyed states that are not in the checkpoint are written into its copy. Fails with
///   not_found         the log is empty
///   invalid_argument  the checkpoint names a state store, and `states` is null
///   corrupt           the checkpoint cannot be read, or a record that it names is not there
/// and as source and target. Blocks. Needs memory for 16 bytes a live message of the checkpoint.
[[nodiscard]] Result<LogCopyInfo> copy_log(logs::CopySource& source, logs::CopyTarget& target,
                                           std::unique_ptr<states::StateStore> states);

}  // namespace millrace
