// OlderCopy: a copy of the data directory of a node, which later takes the place of the directory.
#pragma once

#include <filesystem>

#include "messages/result.hpp"

namespace millrace::simulate {

/// The node must not run during any of these calls. All fail with `storage_failed`. Blocks.
class OlderCopy {
 public:
  /// `data_dir`: of the node. The copy and the newest directory lie beside it.
  explicit OlderCopy(const std::filesystem::path& data_dir);

  /// Copies the directory.
  Result<void> take() const;
  /// Puts the copy in the place of the directory, and keeps the newest directory beside it.
  Result<void> put_back() const;
  /// Ends put_back(): the newest directory is in its place again, the copy is removed.
  Result<void> undo() const;
  /// Reads the copy as a stopped node's data: a copy that cannot be read is no backup.
  Result<void> check() const;
  /// Removes the copy.
  Result<void> remove() const;

 private:
  std::filesystem::path data_dir_;
  std::filesystem::path copy_;
  std::filesystem::path newest_;
};

}  // namespace millrace::simulate
