#include "apps/audit/disk/data_files.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apps/audit/format/checksum.hpp"

namespace millrace::audit {
namespace {

using Path = std::filesystem::path;

constexpr std::string_view format_line = "millrace data directory, format ";
constexpr std::uint32_t format_max = 1;
constexpr std::string_view point_magic{"MILLEND\0", 8};
constexpr std::size_t point_bytes = 48;
constexpr int point_slots = 2;

Error failed(const char* action, const Path& path, int reason) {
  return {reason == ENOENT ? ErrorCode::not_found : ErrorCode::storage_failed,
          std::string("cannot ") + action + " " + path.string() + ": " + std::strerror(reason)};
}

// The number in a name such as "checkpoint-0000000012" or "0000000012.seg".
template <class Number>
std::optional<Number> number_in(std::string_view name, std::string_view prefix,
                                std::string_view suffix) {
  if (!name.starts_with(prefix) || !name.ends_with(suffix) ||
      name.size() < prefix.size() + suffix.size() + 10) {
    return std::nullopt;
  }
  name.remove_prefix(prefix.size());
  name.remove_suffix(suffix.size());
  Number number = 0;
  const auto [end, failure] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (failure != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

Result<std::vector<std::string>> names_in(const Path& directory) {
  std::error_code failure;
  std::vector<std::string> names;
  std::filesystem::directory_iterator at(directory, failure);
  while (!failure && at != std::filesystem::directory_iterator{}) {
    names.push_back(at->path().filename().string());
    at.increment(failure);
  }
  if (failure) return failed("list", directory, failure.value());
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<DurablePoint> parse_point(std::string_view slot) {
  if (slot.size() < point_bytes || slot.substr(0, 8) != point_magic ||
      number_at<std::uint32_t>(slot, 44) != crc32c(slot.substr(0, 44))) {
    return std::nullopt;
  }
  return DurablePoint{number_at<std::uint64_t>(slot, 16), number_at<std::uint32_t>(slot, 12),
                      number_at<std::uint64_t>(slot, 24), number_at<std::uint64_t>(slot, 32)};
}

Result<void> read_format(DataFiles& files) {
  auto file = ReadFile::open(files.path / "format");
  if (!file) {
    if (file.error().code != ErrorCode::not_found) return file.error();
    return Error{ErrorCode::not_found, files.path.string() + ": not a data directory"};
  }
  const auto text = file->read(0, (1 + point_slots) * block_bytes);
  if (!text) return text.error();
  const std::string_view all = *text;
  const std::string_view line = all.substr(0, std::min(all.find('\n'), all.size()));
  std::uint32_t version = 0;
  const char* digits = line.data() + std::min(format_line.size(), line.size());
  const auto [end, failure] = std::from_chars(digits, line.data() + line.size(), version);
  if (!line.starts_with(format_line) || failure != std::errc{} ||
      end != line.data() + line.size()) {
    files.problems.push_back({"format", "expected the line \"" + std::string(format_line) + "1\""});
    return {};
  }
  if (version > format_max) {
    return Error{ErrorCode::unsupported_version,
                 files.path.string() + ": format " + std::to_string(version) +
                     "; expected at most " + std::to_string(format_max)};
  }
  bool is_written = false;
  for (int slot = 0; slot < point_slots; ++slot) {
    const std::size_t offset = (1 + static_cast<std::size_t>(slot)) * block_bytes;
    if (offset >= all.size()) break;
    const std::string_view bytes = all.substr(offset, block_bytes);
    is_written = is_written || bytes.find_first_not_of('\0') != std::string_view::npos;
    const auto point = parse_point(bytes);
    if (point && (!files.durable_point || point->count > files.durable_point->count)) {
      files.durable_point = point;
    }
  }
  if (is_written && !files.durable_point) {
    files.problems.push_back({"format", "no intact statement of the durable end of the log"});
  }
  return {};
}

Result<void> lock_shared(DataFiles& files) {
  auto lock = ReadFile::open(files.path / "lock");
  if (!lock) {
    if (lock.error().code == ErrorCode::not_found) return {};
    return lock.error();
  }
  if (::flock(lock->descriptor(), LOCK_SH | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return failed("lock", files.path / "lock", errno);
    return Error{ErrorCode::storage_locked, files.path.string() + ": a node runs on it"};
  }
  files.lock = *std::move(lock);
  return {};
}

bool is_known(std::string_view name) {
  for (const char* one : {"format", "lock", "segments", "incarnation", "running", "restored",
                          "state", "moved", "lost+found", "manifest"}) {
    if (name == one) return true;
  }
  return name.ends_with(".tmp");
}

}  // namespace

ReadFile::ReadFile(int descriptor, std::uint64_t bytes, Path path)
    : descriptor_(descriptor), bytes_(bytes), path_(std::move(path)) {}

ReadFile::ReadFile(ReadFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      bytes_(other.bytes_),
      path_(std::move(other.path_)) {}

ReadFile& ReadFile::operator=(ReadFile&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  std::swap(bytes_, other.bytes_);
  path_.swap(other.path_);
  return *this;
}

ReadFile::~ReadFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Result<ReadFile> ReadFile::open(const Path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor < 0) return failed("open", path, errno);
  struct stat info = {};
  const int status = ::fstat(descriptor, &info);
  const int reason = errno;
  ReadFile file(descriptor, static_cast<std::uint64_t>(info.st_size), path);
  if (status != 0) return failed("stat", path, reason);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::storage_failed, path.string() + ": expected a regular file"};
  }
  return file;
}

Result<std::string> ReadFile::read(std::uint64_t offset, std::uint64_t count) const {
  std::string bytes(offset >= bytes_ ? 0 : std::min(count, bytes_ - offset), '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::pread(descriptor_, bytes.data() + filled, bytes.size() - filled,
                                static_cast<off_t>(offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("read", path_, errno);
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  bytes.resize(filled);
  return bytes;
}

Result<DataFiles> DataFiles::open(const Path& path) {
  DataFiles files;
  files.path = path;
  const auto names = names_in(path);
  if (!names) return names.error();
  if (auto read = read_format(files); !read) return read.error();
  if (auto locked = lock_shared(files); !locked) return locked.error();
  for (const std::string& name : *names) {
    if (const auto number = number_in<std::uint64_t>(name, "checkpoint-", "")) {
      files.checkpoints.emplace(*number, path / name);
    } else if (!is_known(name)) {
      files.problems.push_back({name, "expected only files of a data directory"});
    }
  }
  const auto segments = names_in(path / "segments");
  if (!segments) {
    files.problems.push_back({"segments", segments.error().message});
    return files;
  }
  for (const std::string& name : *segments) {
    if (const auto number = number_in<std::uint32_t>(name, "", ".seg")) {
      files.segments.emplace(*number, path / "segments" / name);
    } else if (!name.ends_with(".tmp")) {
      files.problems.push_back({"segments/" + name, "expected only segments"});
    }
  }
  return files;
}

std::string name_in(const DataFiles& files, const Path& path) {
  return path.lexically_relative(files.path).string();
}

}  // namespace millrace::audit
