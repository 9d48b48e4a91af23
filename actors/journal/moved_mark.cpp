#include "actors/journal/moved_mark.hpp"

#include <array>
#include <memory>
#include <string_view>

#include "actors/journal/disk/files.hpp"

namespace millrace::journal {

Result<std::optional<std::string>> moved_to(FileSystem& files, const FileSystem::Path& directory) {
  const auto file =
      files.open(directory / DataDirectory::moved_name, OpenMode::read, Access::buffered);
  if (!file && file.error().code == ErrorCode::not_found) return std::optional<std::string>{};
  if (!file) return file.error();
  std::array<char, 4096> bytes{};
  const Result<std::size_t> got = (*file)->read(0, bytes);
  if (!got) return got.error();
  const std::string_view text{bytes.data(), *got};
  return std::optional(std::string{text.substr(0, text.find('\n'))});
}

Result<void> mark_moved(const DataDirectory& directory, const std::string& target) {
  FileSystem& files = directory.files();
  const FileSystem::Path path = directory.path() / DataDirectory::moved_name;
  FileSystem::Path unfinished = path;
  unfinished += unfinished_suffix;
  {
    const auto file = files.open(unfinished, OpenMode::create, Access::buffered);
    if (!file) return file.error();
    if (auto written = (*file)->write(0, target + "\n"); !written) return written;
    if (auto synced = (*file)->sync(); !synced) return synced;
  }
  if (auto renamed = files.rename(unfinished, path); !renamed) return renamed;
  return files.sync_dir(directory.path());
}

Error moved_error(const FileSystem::Path& directory, const std::string& target) {
  return {ErrorCode::outdated, directory.string() + ": the log of this node has moved to " +
                                   target + "; start the node with the log there"};
}

}  // namespace millrace::journal
