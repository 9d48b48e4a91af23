// Moves the log of a stopped node to another engine or place, with what identifies the node.
#pragma once

#include "actors/engines/log_copies.hpp"
#include "actors/store/log_copy.hpp"
#include "messages/result.hpp"

namespace millrace::cluster {

/// Copies the log `from` to `to`, which must be new or empty, and gives `from` up: no node starts on it
/// any more. A node that starts on `to` is the same node: it has a higher incarnation than all its
/// earlier starts, and is no copy (see incarnation.hpp).
///
/// If it fails or the process ends before the copy is complete, `from` is unchanged, or has given the log
/// up to `to`; in that case only another move to the same place completes it. Never does a node start on
/// a part of a log, nor on both logs.
///
/// Fails with
///   invalid_argument  both are the same place, or an option is out of range
///   not_found         there is no log at `from`
///   storage_locked    a node runs on `from`
///   outdated          the log has moved from `from` to another place, or `from` is a copy that was not
///                     compared with the other nodes yet
///   foreign_file      `to` is not empty
/// and as engines::open_copy_source(), open_copy_target() and copy_log(). Blocks.
[[nodiscard]] Result<LogCopyInfo> move_log(const engines::AnyLog& from, const engines::AnyLog& to);

}  // namespace millrace::cluster
