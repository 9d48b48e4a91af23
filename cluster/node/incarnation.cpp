#include "cluster/node/incarnation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>

#include "actors/files/data_files.hpp"
#include "cluster/node/small_file.hpp"

namespace millrace::cluster {
namespace {

using files::Access;
using files::FileSystem;
using files::OpenMode;
using Path = FileSystem::Path;

constexpr std::string_view copy_mark = "copy";

/// What the file says; `number` is 0 if it does not exist.
struct Stored {
  std::uint64_t number = 0;
  std::string mark{};      ///< empty: of an older version
  std::string identity{};  ///< of the file
};

Result<Stored> read_stored(FileSystem& files, const Path& path) {
  const auto file = files.open(path, OpenMode::read, Access::buffered);
  if (!file && file.error().code == ErrorCode::not_found) return Stored{};
  if (!file) return file.error();
  std::array<char, 256> bytes{};
  const auto got = (*file)->read(0, bytes);
  if (!got) return got.error();
  const std::string_view text(bytes.data(), *got);
  const std::string_view digits = text.substr(0, text.find('\n'));
  Stored stored;
  const char* const last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, stored.number);
  if (error != std::errc() || end != last || digits.empty()) {
    return Error{ErrorCode::corrupt, path.string() + ": expected a decimal number"};
  }
  auto identity = (*file)->identity();
  if (!identity) return identity.error();
  stored.identity = std::move(*identity);
  if (digits.size() + 1 < text.size()) {
    const std::string_view rest = text.substr(digits.size() + 1);
    stored.mark = rest.substr(0, rest.find('\n'));
  }
  return stored;
}

/// A directory with a log that no node of a cluster has used was made from a backup.
Result<bool> is_restored(FileSystem& files, const Path& data_dir) {
  const auto names = files.list(data_dir);
  if (!names) return names.error();
  return std::find(names->begin(), names->end(), "format") != names->end();
}

std::string text_of(std::uint64_t number, std::string_view mark) {
  std::string text = std::to_string(number) + "\n";
  if (!mark.empty()) text += std::string(mark) + "\n";
  return text;
}

/// Makes the file anew, with the mark "copy" or its own.
Result<void> replace(FileSystem& files, const Path& path, std::uint64_t number, bool is_copy) {
  return replace_file(files, path, [&](files::File& file) -> Result<void> {
    const auto identity = file.identity();
    if (!identity) return identity.error();
    return file.write(0, text_of(number, is_copy ? std::string(copy_mark) : *identity));
  });
}

Result<void> overwrite(FileSystem& files, const Path& path, const std::string& text) {
  const auto file = files.open(path, OpenMode::write, Access::buffered);
  if (!file) return file.error();
  if (auto written = (*file)->write(0, text); !written) return written;
  return (*file)->sync();
}

}  // namespace

Result<Incarnation> latest_incarnation(const Path& data_dir, FileSystem& files) {
  const auto latest = read_stored(files, data_dir / files::incarnation_name);
  if (!latest) return latest.error();
  if (latest->number != 0) {
    return Incarnation{latest->number, !latest->mark.empty() && latest->mark != latest->identity};
  }
  const auto restored = is_restored(files, data_dir);
  if (!restored) return restored.error();
  return Incarnation{0, *restored};
}

Result<Incarnation> next_incarnation(const Path& data_dir, TimeUs now_us, FileSystem& files) {
  if (auto made = files.make_dir(data_dir); !made) return made.error();
  const Path path = data_dir / files::incarnation_name;
  const auto latest = read_stored(files, path);
  if (!latest) return latest.error();
  Incarnation next;
  next.number =
      std::max(latest->number + 1, static_cast<std::uint64_t>(std::max<TimeUs>(now_us, 1)));
  next.is_copy = !latest->mark.empty() && latest->mark != latest->identity;
  if (latest->number == 0) {
    const auto restored = is_restored(files, data_dir);
    if (!restored) return restored.error();
    next.is_copy = *restored;
  }
  auto written = replace(files, path, next.number, next.is_copy);
  if (!written && written.error().code == ErrorCode::storage_full && latest->number != 0) {
    // A node that was killed must start on a full disk, because only a running node frees room. The
    // number never gets shorter, and it lies within the first sector of the file, which needs no
    // room and is written whole or not at all. The mark says of this file what it said before.
    written = overwrite(files, path, text_of(next.number, latest->mark));
  }
  if (!written) return written.error();
  return next;
}

Result<void> confirm_directory(const Path& data_dir, std::uint64_t incarnation, FileSystem& files) {
  return replace(files, data_dir / files::incarnation_name, incarnation, false);
}

}  // namespace millrace::cluster
