#include "cluster/node/incarnation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "actors/files/data_files.hpp"

namespace millrace::cluster {
namespace {

using files::Access;
using files::FileSystem;
using files::OpenMode;
using Path = FileSystem::Path;

/// Returns the stored incarnation; 0 if the file does not exist.
Result<std::uint64_t> read_latest(FileSystem& files, const Path& path) {
  const auto file = files.open(path, OpenMode::read, Access::buffered);
  if (!file && file.error().code == ErrorCode::not_found) return std::uint64_t{0};
  if (!file) return file.error();
  std::array<char, 64> bytes{};
  const auto got = (*file)->read(0, bytes);
  if (!got) return got.error();
  std::string_view text(bytes.data(), *got);
  text = text.substr(0, text.find('\n'));
  std::uint64_t latest = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), latest);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return latest;
  return Error{ErrorCode::corrupt, path.string() + ": expected a decimal number"};
}

Result<void> write_durably(FileSystem& files, const Path& path, OpenMode mode,
                           const std::string& text) {
  const auto file = files.open(path, mode, Access::buffered);
  if (!file) return file.error();
  if (auto written = (*file)->write(0, text); !written) return written;
  return (*file)->sync();
}

Result<void> replace(FileSystem& files, const Path& path, const std::string& text) {
  Path unfinished = path;
  unfinished += files::unfinished_suffix;
  auto written = write_durably(files, unfinished, OpenMode::create, text);
  if (written) written = files.rename(unfinished, path);
  if (written) return files.sync_dir(path.parent_path());
  // Gives its room back. The error of the write matters more.
  [[maybe_unused]] const auto removed = files.remove(unfinished);
  return written;
}

}  // namespace

Result<std::uint64_t> next_incarnation(const Path& data_dir, TimeUs now_us, FileSystem& files) {
  if (auto made = files.make_dir(data_dir); !made) return made.error();
  const Path path = data_dir / files::incarnation_name;
  const auto latest = read_latest(files, path);
  if (!latest) return latest.error();
  const std::uint64_t next =
      std::max(*latest + 1, static_cast<std::uint64_t>(std::max<TimeUs>(now_us, 1)));
  const std::string text = std::to_string(next) + "\n";
  auto written = replace(files, path, text);
  if (!written && written.error().code == ErrorCode::storage_full && *latest != 0) {
    // A node that was killed must start on a full disk, because only a running node frees room. The
    // number never gets shorter, and it lies within the first sector of the file, which needs no
    // room and is written whole or not at all.
    written = write_durably(files, path, OpenMode::write, text);
  }
  if (!written) return written.error();
  return next;
}

}  // namespace millrace::cluster
