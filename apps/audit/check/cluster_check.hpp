// Compares what the directories of several nodes state about each other.
#pragma once

#include <span>
#include <string>

#include "apps/audit/model/model.hpp"
#include "apps/audit/model/report.hpp"

namespace millrace::audit {

/// One directory as read.
struct DirectoryView {
  std::string path;
  const Model* model = nullptr;
  bool is_whole = true;  ///< false: the rest of its log could not be read
};

/// What each outbox has handed over, its target has, once, and the target has nothing else of it.
void check_outboxes(std::span<const DirectoryView> directories, Report& report);

/// No shard has two owners in one epoch, and no two nodes serve the same queue of a shard.
void check_ownership(std::span<const DirectoryView> directories, Report& report);

}  // namespace millrace::audit
