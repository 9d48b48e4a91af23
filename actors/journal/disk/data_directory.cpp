#include "actors/journal/disk/data_directory.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

#include "actors/journal/disk/files.hpp"

namespace millrace::journal {
namespace {

using Path = FileSystem::Path;

constexpr std::string_view format_name = "format";
constexpr std::string_view lock_name = "lock";
constexpr std::string_view segments_name = "segments";
constexpr std::string_view checkpoint_prefix = "checkpoint-";
constexpr std::string_view segment_suffix = ".seg";
constexpr std::string_view format_text = "millrace data directory, format ";
constexpr std::size_t digits_min = 10;

std::string padded(std::uint64_t number) {
  std::string digits = std::to_string(number);
  if (digits.size() < digits_min) digits.insert(0, digits_min - digits.size(), '0');
  return digits;
}

template <class Number>
std::optional<Number> parse_number(std::string_view digits) {
  Number number = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, failure] = std::from_chars(digits.data(), end, number);
  if (digits.size() < digits_min || failure != std::errc{} || stop != end) return std::nullopt;
  return number;
}

std::string_view without_unfinished(std::string_view name) {
  if (name.ends_with(unfinished_suffix)) name.remove_suffix(unfinished_suffix.size());
  return name;
}

/// Whether a name may exist before the format file does: a first start may have been interrupted.
bool is_allowed_before_format(std::string_view name) {
  name = without_unfinished(name);
  // The root of a file system has a directory lost+found.
  return name == format_name || name == lock_name || name == segments_name ||
         name == files::incarnation_name || name == "lost+found";
}

bool is_allowed_at_top(std::string_view name) {
  return is_allowed_before_format(name) || name == DataDirectory::restored_name ||
         name == DataDirectory::moved_name || name == files::running_name ||
         name == files::seat_name || name == files::state_name ||
         parse_checkpoint_name(without_unfinished(name));
}

std::string joined(std::vector<std::string> names) {
  constexpr std::size_t shown_max = 5;
  std::sort(names.begin(), names.end());
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), shown_max); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > shown_max) {
    text += " and " + std::to_string(names.size() - shown_max) + " more";
  }
  return text;
}

Error foreign_file(const Path& path, std::vector<std::string> names, const std::string& why) {
  return Error{ErrorCode::foreign_file,
               path.string() + ": " + why + ", found " + joined(std::move(names))};
}

enum class Format { absent, current };

/// Checks the first line of the format file at `path`.
Result<Format> check_format(FileSystem& files, const Path& path) {
  Result<std::unique_ptr<File>> file = files.open(path, OpenMode::read, Access::buffered);
  if (!file && file.error().code == ErrorCode::not_found) return Format::absent;
  if (!file) return file.error();
  std::array<char, 256> text{};
  const Result<std::size_t> got = (*file)->read(0, text);
  if (!got) return got.error();
  std::string_view line{text.data(), *got};
  line = line.substr(0, line.find('\n'));
  std::uint32_t version = 0;
  if (!line.starts_with(format_text)) {
    return Error{ErrorCode::foreign_file, path.string() + ": offset 0: expected the line \"" +
                                              std::string{format_text} + "<number>\""};
  }
  const std::string_view digits = line.substr(format_text.size());
  const auto [stop, failure] = std::from_chars(digits.begin(), digits.end(), version);
  if (failure != std::errc{} || stop != digits.end() || version == 0) {
    return Error{ErrorCode::corrupt, path.string() + ": offset " +
                                         std::to_string(format_text.size()) +
                                         ": expected a format number"};
  }
  if (version > directory_format) {
    return Error{ErrorCode::unsupported_version,
                 path.string() + ": format " + std::to_string(version) +
                     "; expected at most format " + std::to_string(directory_format)};
  }
  return Format::current;
}

/// Checks the format of the directory at `path`, whose entries are `names`, and that it holds only
/// files of a data directory. Changes nothing.
Result<Format> examine(FileSystem& files, const Path& path, const std::vector<std::string>& names) {
  const Result<Format> format = check_format(files, path / format_name);
  if (!format) return format.error();
  std::vector<std::string> foreign_names;
  for (const std::string& name : names) {
    const bool is_allowed =
        *format == Format::current ? is_allowed_at_top(name) : is_allowed_before_format(name);
    if (!is_allowed) foreign_names.push_back(name);
  }
  if (files.is_link(path / segments_name)) {
    return Error{ErrorCode::foreign_file,
                 (path / segments_name).string() + ": expected a directory, found a symbolic link"};
  }
  const Result<std::vector<std::string>> segments = files.list(path / segments_name);
  if (!segments && segments.error().code != ErrorCode::not_found) return segments.error();
  if (segments) {
    for (const std::string& name : *segments) {
      const bool is_allowed =
          *format == Format::current && parse_segment_name(without_unfinished(name)).has_value();
      if (!is_allowed) foreign_names.push_back(std::string{segments_name} + "/" + name);
    }
  }
  if (!foreign_names.empty()) {
    return foreign_file(path, std::move(foreign_names),
                        *format == Format::current ? "expected only files of a data directory"
                                                   : "expected a data directory or an empty one");
  }
  return *format;
}

}  // namespace

Path DataDirectory::segment_path(SegmentNumber number) const {
  return segments_path() / (padded(number) + std::string{segment_suffix});
}

Path DataDirectory::checkpoint_path(std::uint64_t number) const {
  return path_ / (std::string{checkpoint_prefix} + padded(number));
}

std::string format_line() {
  return std::string{format_text} + std::to_string(directory_format) + "\n";
}

std::optional<SegmentNumber> parse_segment_name(std::string_view name) {
  if (!name.ends_with(segment_suffix)) return std::nullopt;
  name.remove_suffix(segment_suffix.size());
  return parse_number<SegmentNumber>(name);
}

std::optional<std::uint64_t> parse_checkpoint_name(std::string_view name) {
  if (!name.starts_with(checkpoint_prefix)) return std::nullopt;
  name.remove_prefix(checkpoint_prefix.size());
  return parse_number<std::uint64_t>(name);
}

Result<DataDirectory> DataDirectory::open(FileSystem& files, Path path, Opener opener) {
  DataDirectory opened{files, std::move(path)};
  const bool writer = opener == Opener::writer;
  Result<std::vector<std::string>> names = files.list(opened.path_);
  if (!names) {
    if (!writer || names.error().code != ErrorCode::not_found) return names.error();
    if (Result<void> made = files.make_dir(opened.path_); !made) return made.error();
    names = std::vector<std::string>{};
  }
  // Examined before the lock file is created, so that a foreign directory is not changed.
  Result<Format> format = examine(files, opened.path_, *names);
  if (!format) return format.error();
  if (!writer && *format == Format::absent) {
    return Error{ErrorCode::not_found, opened.path_.string() + ": not a data directory"};
  }
  auto lock = files.lock(opened.path_ / lock_name, writer ? LockMode::exclusive : LockMode::shared);
  if (!lock) return lock.error();
  opened.lock_ = *std::move(lock);
  if (!writer) return opened;
  if (*format == Format::absent) {
    if (Result<void> created = opened.create(); !created) return created.error();
  }
  if (Result<void> removed = opened.remove_unfinished(); !removed) return removed.error();
  // A killed process may have left directory entries that are visible but not durable.
  for (const Path& directory : {opened.path_, opened.segments_path()}) {
    if (Result<void> synced = files.sync_dir(directory); !synced) return synced.error();
  }
  return opened;
}

Result<DataDirectory> DataDirectory::make_unfinished(FileSystem& files, Path path) {
  DataDirectory made{files, std::move(path)};
  const auto expect_empty = [&](const Path& directory) -> Result<void> {
    const Result<std::vector<std::string>> names = files.list(directory);
    if (!names && names.error().code == ErrorCode::not_found) return {};
    if (!names) return names.error();
    for (const std::string& name : *names) {
      const bool is_left_over =
          directory == made.path_ && (name == segments_name || name == lock_name ||
                                      name == files::incarnation_name || name == "lost+found");
      if (is_left_over) continue;
      return foreign_file(directory, *names, "expected a new or empty directory");
    }
    return {};
  };
  for (const Path& directory : {made.path_, made.segments_path()}) {
    if (Result<void> checked = expect_empty(directory); !checked) return checked.error();
  }
  if (Result<void> done = files.make_dir(made.path_); !done) return done.error();
  auto lock = files.lock(made.path_ / lock_name, LockMode::exclusive);
  if (!lock) return lock.error();
  made.lock_ = *std::move(lock);
  if (Result<void> done = files.make_dir(made.segments_path()); !done) return done.error();
  return made;
}

Result<void> DataDirectory::prepare(const std::string& format) const {
  // The format file comes last: its presence states that the directory is complete.
  Path unfinished = format_path();
  unfinished += unfinished_suffix;
  Result<std::unique_ptr<File>> file = files_->open(unfinished, OpenMode::create, Access::buffered);
  if (!file) return file.error();
  if (Result<void> written = (*file)->write(0, format); !written) return written;
  if (Result<void> synced = (*file)->sync(); !synced) return synced;
  for (const Path& directory : {segments_path(), path_}) {
    if (Result<void> synced = files_->sync_dir(directory); !synced) return synced;
  }
  return {};
}

Result<void> DataDirectory::complete() const {
  Path unfinished = format_path();
  unfinished += unfinished_suffix;
  if (Result<void> renamed = files_->rename(unfinished, format_path()); !renamed) return renamed;
  return files_->sync_dir(path_);
}

Result<void> DataDirectory::create() {
  if (Result<void> made = files_->make_dir(segments_path()); !made) return made;
  if (Result<void> synced = files_->sync_dir(path_); !synced) return synced;
  if (Result<void> prepared = prepare(format_line()); !prepared) return prepared;
  return complete();
}

Result<void> DataDirectory::remove_unfinished() const {
  for (const Path& directory : {path_, segments_path()}) {
    const Result<std::vector<std::string>> names = files_->list(directory);
    if (!names) return names.error();
    for (const std::string& name : *names) {
      if (!name.ends_with(unfinished_suffix)) continue;
      if (Result<void> removed = files_->remove(directory / name); !removed) return removed;
    }
  }
  return {};
}

}  // namespace millrace::journal
