// Folder: a temporary directory of one test of the guide.
#pragma once

#include <filesystem>

#include "tests/journal/temporary_directory.hpp"

namespace guide {

/// Exists as long as the object.
class Folder {
 public:
  /// A folder that is not there yet, within the temporary one.
  [[nodiscard]] std::filesystem::path path() const { return directory_.path() / "data"; }

 private:
  millrace::journal::TemporaryDirectory directory_;
};

}  // namespace guide
