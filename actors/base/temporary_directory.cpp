#include "actors/base/temporary_directory.hpp"

#include <cerrno>
#include <system_error>

#include <stdlib.h>

namespace millrace {

Result<TemporaryDirectory> TemporaryDirectory::make(const std::filesystem::path& parent,
                                                    const std::string& prefix) {
  std::string name = (parent / prefix).string() + std::string(6, 'X');
  if (mkdtemp(name.data()) != nullptr) return TemporaryDirectory(name);
  return Error{ErrorCode::storage_failed, "cannot make a directory in " + parent.string() + ": " +
                                              std::generic_category().message(errno)};
}

Result<TemporaryDirectory> TemporaryDirectory::make(const std::string& prefix) {
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::temp_directory_path(error);
  if (!error) return make(parent, prefix);
  return Error{
      ErrorCode::storage_failed,
      "cannot make a temporary directory; expected TMPDIR to be a directory: " + error.message()};
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
}

}  // namespace millrace
