#include "actors/journal/recovery.hpp"

#include <utility>

namespace millrace::journal {

Result<Recovered> recover(const DataDirectory& directory, const EntryVisitor& on_entry,
                          const FrameVisitor& on_frame) {
  Result<Checkpoints> found = find_checkpoints(directory);
  if (!found) return found.error();
  // Without the one that is damaged, all its records would have to be in the log still, and only
  // an older checkpoint shows that they are.
  if (!found->newest && !found->damaged.empty()) return found->damaged.front();
  Recovered recovered;
  recovered.checkpoint = found->newest;
  recovered.damaged = std::move(found->damaged);
  recovered.last_checkpoint_number = found->last_number;
  if (found->newest) {
    recovered.start = found->newest->start;
    const Result<void> read = read_checkpoint(directory, found->newest->number, on_entry);
    if (!read) return read.error();
  }
  Result<LogEnd> end = scan_log(directory, recovered.start, on_frame);
  if (!end) {
    Error error = end.error();
    // The likelier reason why the log does not reach back is said first.
    if (!recovered.damaged.empty()) {
      error.message = recovered.damaged.front().message + "; the checkpoint before it does not " +
                      "help: " + error.message;
    }
    return error;
  }
  recovered.end = *std::move(end);
  return recovered;
}

}  // namespace millrace::journal
