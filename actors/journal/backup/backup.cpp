#include "actors/journal/backup/backup.hpp"

#include <algorithm>
#include <memory>
#include <set>
#include <string_view>
#include <utility>

#include "actors/journal/checkpoint/checkpoint_format.hpp"
#include "actors/journal/disk/durable_point.hpp"
#include "actors/journal/disk/files.hpp"
#include "actors/journal/read/segment_reader.hpp"

namespace millrace::journal {
namespace {

using Path = FileSystem::Path;

constexpr std::size_t piece_bytes = 1U << 20;  ///< copied at once
constexpr std::size_t manifest_bytes_max = 64U << 20;

/// Checks that the target is new or has nothing but empty directories, and makes its directories.
Result<void> make_target(FileSystem& files, const Path& target) {
  const Path states = target / files::state_name;
  std::vector<Path> directories{target, target / "segments"};
  if (const auto copies = files.list(states)) {
    for (const std::string& name : *copies) directories.push_back(states / name);
  }
  for (const Path& directory : directories) {
    const auto names = files.list(directory);
    if (!names && names.error().code != ErrorCode::not_found) return names.error();
    if (!names) continue;
    for (const std::string& name : *names) {
      if (directory == target && (name == "segments" || name == files::state_name)) continue;
      return Error{ErrorCode::foreign_file,
                   directory.string() + ": expected a new or empty directory, found " + name};
    }
  }
  if (auto made = files.make_dir(target); !made) return made;
  return files.make_dir(target / "segments");
}

/// Makes the names in the directories durable, and those of the directories of `written`.
Result<void> sync_target(FileSystem& files, const Path& target,
                         const std::vector<BackupFile>& written) {
  std::set<Path> directories{target / "segments"};
  for (const BackupFile& file : written) {
    for (Path at = Path(file.name).parent_path(); !at.empty(); at = at.parent_path()) {
      directories.insert(target / at);
    }
  }
  directories.insert(target);
  for (const Path& directory : directories) {
    if (auto synced = files.sync_dir(directory); !synced) return synced;
  }
  return {};
}

struct Copied {
  std::uint64_t bytes = 0;
  std::uint32_t crc32c = 0;
};

/// Copies a file, durably.
Result<Copied> copy_file(FileSystem& files, const Path& from, const Path& to,
                         const std::function<Result<void>()>& may_go_on) {
  const auto source = files.open(from, OpenMode::read, Access::direct);
  if (!source) return source.error();
  const auto target = files.open(to, OpenMode::create, Access::buffered);
  if (!target) return target.error();
  AlignedBuffer buffer{piece_bytes};
  Copied copied;
  while (true) {
    if (auto allowed = may_go_on(); !allowed) return allowed.error();
    const auto got = (*source)->read(copied.bytes, {buffer.data(), piece_bytes});
    if (!got) return got.error();
    if (*got == 0) break;
    const std::string_view bytes = buffer.view(0, *got);
    if (auto written = (*target)->write(copied.bytes, bytes); !written) return written.error();
    copied.crc32c = crc32c(bytes, copied.crc32c);
    copied.bytes += *got;
    if (*got < piece_bytes) break;
  }
  if (auto synced = (*target)->sync(); !synced) return synced.error();
  return copied;
}

Result<void> write_file(FileSystem& files, const Path& path, const std::string& bytes) {
  const auto file = files.open(path, OpenMode::create, Access::buffered);
  if (!file) return file.error();
  if (auto written = (*file)->write(0, bytes); !written) return written;
  return (*file)->sync();
}

/// Gives the complete file its final name, durably.
Result<void> write_last(FileSystem& files, const Path& path, const std::string& bytes) {
  Path unfinished = path;
  unfinished += unfinished_suffix;
  if (auto written = write_file(files, unfinished, bytes); !written) return written;
  if (auto renamed = files.rename(unfinished, path); !renamed) return renamed;
  return files.sync_dir(path.parent_path());
}

Result<std::string> read_whole(FileSystem& files, const Path& path, std::size_t bytes_max) {
  const auto file = files.open(path, OpenMode::read, Access::buffered);
  if (!file) return file.error();
  const auto size = (*file)->size();
  if (!size) return size.error();
  std::string bytes(std::min<std::uint64_t>(*size, bytes_max), '\0');
  const auto got = (*file)->read(0, {bytes.data(), bytes.size()});
  if (!got) return got.error();
  bytes.resize(*got);
  return bytes;
}

/// The directory with the keyed states of a checkpoint: see actors/state_store/rocks_table.hpp.
std::string states_of(Lsn replay_from) {
  constexpr std::size_t digits_max = 20;
  const std::string digits = std::to_string(replay_from - 1);
  return std::string(files::state_name) + "/" + std::string(digits_max - digits.size(), '0') +
         digits;
}

Result<void> always() {
  return {};
}

}  // namespace

BackupWriter::BackupWriter(const DataDirectory& from, Path target)
    : from_(from), files_(from.files()), target_(std::move(target)) {}

BackupWriter::~BackupWriter() {
  unpin();
  if (is_complete_) return;
  for (const Path& path : written_) {
    [[maybe_unused]] const Result<void> removed = files_.remove(path);
  }
}

Result<void> BackupWriter::begin() {
  return make_target(files_, target_);
}

Result<void> BackupWriter::copy(const std::string& name,
                                const std::function<Result<void>()>& may_go_on) {
  written_.push_back(target_ / name);
  const auto copied = copy_file(files_, source_of(name), target_ / name, may_go_on);
  if (!copied) return copied.error();
  manifest_.files.push_back({name, copied->bytes, copied->crc32c});
  return {};
}

Result<void> BackupWriter::write(const std::string& name, const std::string& bytes) {
  written_.push_back(target_ / name);
  if (auto done = write_file(files_, target_ / name, bytes); !done) return done;
  manifest_.files.push_back({name, bytes.size(), crc32c(bytes)});
  return {};
}

Path BackupWriter::source_of(const std::string& name) const {
  const auto pinned = pinned_.find(name);
  return pinned != pinned_.end() ? pinned->second : from_.path() / name;
}

Result<void> BackupWriter::pin(const std::string& name, const Path& as) {
  [[maybe_unused]] const auto removed = files_.remove(as);  // of a backup that was cut off
  auto linked = files_.link(from_.path() / name, as);
  if (linked) pinned_.emplace(name, as);
  return linked;
}

void BackupWriter::unpin() {
  for (const auto& [name, path] : std::exchange(pinned_, {})) {
    [[maybe_unused]] const Result<void> removed = files_.remove(path);
  }
}

// A start removes the second names, should this process end before: they are those of unfinished files.
Result<bool> BackupWriter::pin_checkpoint(std::uint64_t number) {
  const Path path = from_.checkpoint_path(number);
  Path second = path;
  second += unfinished_suffix;
  Result<void> pinned = pin(path.filename().string(), second);
  const auto states = pinned ? states_of_checkpoint(path) : pinned.error();
  if (pinned && !states) pinned = states.error();
  if (pinned && !states->names.empty()) {
    Path directory = from_.path() / files::state_name / "backup";
    directory += unfinished_suffix;
    pinned = files_.make_dir(directory);
    for (std::size_t i = 0; pinned && i < states->names.size(); ++i) {
      const std::string& name = states->names[i];
      pinned = pin(states->directory + "/" + name, directory / name);
    }
  }
  if (pinned) return true;
  unpin();
  if (pinned.error().code == ErrorCode::invalid_argument) return false;
  return pinned.error();
}

Result<BackupWriter::States> BackupWriter::states_of_checkpoint(const Path& path) const {
  const auto block = read_whole(files_, path, block_bytes);
  if (!block) return block.error();
  const auto header = decode_checkpoint_header(*block);
  if (!header) return Error{ErrorCode::corrupt, path.string() + ": expected a checkpoint"};
  States states{.directory = states_of(header->start.replay_from)};
  auto names = files_.list(from_.path() / states.directory);
  if (names) states.names = std::move(*names);
  if (!names && names.error().code != ErrorCode::not_found) return names.error();
  return states;
}

Result<void> BackupWriter::add_checkpoint(std::uint64_t number,
                                          const std::function<Result<void>()>& may_go_on) {
  const Path path = from_.checkpoint_path(number);
  if (auto done = copy(path.filename().string(), may_go_on); !done) return done;
  std::vector<std::string> names;
  for (const auto& [name, second] : pinned_) {
    if (name.starts_with(files::state_name)) names.push_back(name);
  }
  if (pinned_.empty()) {
    const auto states = states_of_checkpoint(path);
    if (!states) return states.error();
    for (const std::string& name : states->names) names.push_back(states->directory + "/" + name);
  }
  if (!names.empty()) {
    if (auto made = files_.make_dir(target_ / Path(names.front()).parent_path()); !made)
      return made;
  }
  for (const std::string& name : names) {
    if (auto done = copy(name, may_go_on); !done) return done;
  }
  unpin();
  return {};
}

Result<void> BackupWriter::add_log(const std::vector<SegmentInfo>& segments, Lsn durable,
                                   const std::function<Result<void>()>& may_go_on) {
  DurablePoint point;
  for (const SegmentInfo& segment : segments) {
    const std::string name = "segments/" + from_.segment_path(segment.number).filename().string();
    const bool is_last = &segment == &segments.back();
    const Result<void> copied = is_last ? copy_last(segment, durable) : copy(name, may_go_on);
    if (!copied) return copied;
    point = {segment.number, segment.first_lsn, durable, 1};
  }
  manifest_.last_lsn = durable;
  return write("format", format_file(point));
}

/// Copies the records up to `durable`; the rest of the file becomes zeros. What was written later
/// must not be there: its frames would state that records were durable which the copy lacks.
Result<void> BackupWriter::copy_last(const SegmentInfo& segment, Lsn durable) {
  AlignedBuffer buffer;
  auto reader = SegmentReader::open(from_, segment.number, buffer);
  if (!reader) return reader.error();
  std::uint64_t end = block_bytes;
  for (Lsn expected = segment.first_lsn; expected <= durable;) {
    const auto frame = reader->frame_at(end);
    if (!frame) return frame.error();
    if (!*frame || (*frame)->lsn != expected) {
      return Error{ErrorCode::corrupt, reader->path().string() + ": offset " + std::to_string(end) +
                                           ": expected record " + std::to_string(expected)};
    }
    end = next_offset(**frame);
    if (((*frame)->flags & flag_mark) == 0) ++expected;
  }
  std::string bytes(buffer.view(0, end));
  bytes.resize(reader->bytes(), '\0');
  return write("segments/" + reader->path().filename().string(), bytes);
}

Result<Manifest> BackupWriter::finish(const BackupIdentity& identity, std::int64_t at_us) {
  const std::string incarnation(files::incarnation_name);
  if (const auto text = read_whole(files_, from_.path() / incarnation, 64); text) {
    if (auto done = write(incarnation, *text); !done) return done.error();
  } else if (text.error().code != ErrorCode::not_found) {
    return text.error();
  }
  manifest_.identity = identity;
  manifest_.at_us = at_us;
  if (auto synced = sync_target(files_, target_, manifest_.files); !synced) {
    return synced.error();
  }
  const Path path = target_ / manifest_name;
  written_.push_back(path);
  if (auto done = write_last(files_, path, encode_manifest(manifest_)); !done) return done.error();
  is_complete_ = true;
  return std::move(manifest_);
}

Result<Manifest> read_manifest(FileSystem& files, const Path& path) {
  const auto text = read_whole(files, path / manifest_name, manifest_bytes_max);
  if (!text) {
    if (text.error().code != ErrorCode::not_found) return text.error();
    return Error{ErrorCode::not_found, path.string() + ": not a complete backup: no manifest"};
  }
  auto manifest = decode_manifest(*text);
  if (!manifest) {
    return Error{manifest.error().code, path.string() + ": " + manifest.error().message};
  }
  return manifest;
}

Result<Manifest> restore_backup(FileSystem& files, const Path& backup, const Path& target) {
  auto manifest = read_manifest(files, backup);
  if (!manifest) return manifest;
  if (auto made = make_target(files, target); !made) return made.error();
  for (const BackupFile& file : manifest->files) {
    // The file format makes it a data directory, so it gets its name last.
    const std::string name = file.name == "format" ? "format.tmp" : file.name;
    if (file.name.starts_with(files::state_name)) {
      if (auto made = files.make_dir((target / name).parent_path()); !made) return made.error();
    }
    const auto copied = copy_file(files, backup / file.name, target / name, always);
    if (!copied) return copied.error();
    if (copied->bytes != file.bytes || copied->crc32c != file.crc32c) {
      return Error{ErrorCode::corrupt, (backup / file.name).string() +
                                           ": expected the length and checksum of the manifest"};
    }
  }
  const std::string marker(DataDirectory::restored_name);
  if (auto done = write_file(files, target / marker, encode_manifest(*manifest)); !done) {
    return done.error();
  }
  if (auto synced = sync_target(files, target, manifest->files); !synced) return synced.error();
  if (auto done = files.rename(target / "format.tmp", target / "format"); !done) {
    return done.error();
  }
  if (auto synced = files.sync_dir(target); !synced) return synced.error();
  return manifest;
}

std::optional<Manifest> restored_from(const DataDirectory& directory) {
  const auto text = read_whole(directory.files(), directory.path() / DataDirectory::restored_name,
                               manifest_bytes_max);
  if (!text) return std::nullopt;
  auto manifest = decode_manifest(*text);
  if (!manifest) return std::nullopt;
  return *std::move(manifest);
}

}  // namespace millrace::journal
