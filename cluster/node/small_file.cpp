#include "cluster/node/small_file.hpp"

#include "actors/files/data_files.hpp"

namespace millrace::cluster {
namespace {

using files::FileSystem;

Result<void> write_new(FileSystem& files, const FileSystem::Path& path,
                       const std::function<Result<void>(files::File& file)>& fill) {
  const auto file = files.open(path, files::OpenMode::create, files::Access::buffered);
  if (!file) return file.error();
  if (auto filled = fill(**file); !filled) return filled;
  return (*file)->sync();
}

}  // namespace

Result<void> replace_file(FileSystem& files, const FileSystem::Path& path,
                          const std::function<Result<void>(files::File& file)>& fill) {
  FileSystem::Path unfinished = path;
  unfinished += files::unfinished_suffix;
  // What a crash has left is no new file.
  if (auto removed = files.remove(unfinished);
      !removed && removed.error().code != ErrorCode::not_found) {
    return removed;
  }
  auto written = write_new(files, unfinished, fill);
  if (written) written = files.rename(unfinished, path);
  if (written) return files.sync_dir(path.parent_path());
  // Gives its room back. The error of the write matters more.
  [[maybe_unused]] const auto removed = files.remove(unfinished);
  return written;
}

}  // namespace millrace::cluster
