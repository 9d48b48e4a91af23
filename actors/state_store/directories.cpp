#include "actors/state_store/directories.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <set>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace millrace::states {
namespace {

using Path = std::filesystem::path;

constexpr std::size_t number_digits = 20;

}  // namespace

std::string copy_name(std::uint64_t number) {
  std::array<char, number_digits> digits{};
  digits.fill('0');
  for (std::size_t i = number_digits; number > 0; number /= 10) {
    digits[--i] = static_cast<char>('0' + number % 10);
  }
  return {digits.data(), digits.size()};
}

std::optional<std::uint64_t> parse_copy_name(const std::string& name) {
  std::uint64_t number = 0;
  const char* end = name.data() + name.size();
  const auto [stop, failure] = std::from_chars(name.data(), end, number);
  if (name.size() != number_digits || failure != std::errc{} || stop != end) return std::nullopt;
  return number;
}

Error file_failure(const Path& path, const std::error_code& code) {
  const bool is_full = code == std::errc::no_space_on_device;
  return {is_full ? ErrorCode::storage_full : ErrorCode::storage_failed,
          path.string() + ": " + code.message()};
}

Result<void> sync_path(const Path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int failed = fd < 0 ? errno : (::fsync(fd) == 0 ? 0 : errno);
  if (fd >= 0) ::close(fd);
  if (failed != 0) return file_failure(path, {failed, std::generic_category()});
  return {};
}

Result<void> remove_tree(const Path& path) {
  std::error_code code;
  std::filesystem::remove_all(path, code);
  if (code) return file_failure(path, code);
  return {};
}

// The copy and the live one share the immutable tables. RocksDB writes the other files anew, or appends to
// them.
Result<void> link_tree(const Path& from, const Path& to) {
  std::error_code code;
  std::filesystem::create_directories(to, code);
  if (code) return file_failure(to, code);
  std::filesystem::directory_iterator files(from, code);
  if (code) return file_failure(from, code);
  for (const auto& file : files) {
    const Path target = to / file.path().filename();
    if (file.path().extension() == table_extension) {
      std::filesystem::create_hard_link(file.path(), target, code);
    } else {
      std::filesystem::copy_file(file.path(), target, code);
    }
    if (code) return file_failure(target, code);
  }
  return {};
}

Result<void> remove_leftovers(const Path& directory) {
  std::error_code code;
  std::filesystem::directory_iterator entries(directory, code);
  if (code) return file_failure(directory, code);
  std::vector<Path> left;
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    // RocksDB appends a suffix of its own while it makes a copy.
    if (name.starts_with(live_prefix) || name.find(unfinished_suffix) != std::string::npos) {
      left.push_back(entry.path());
    }
  }
  for (const Path& path : left) {
    if (auto removed = remove_tree(path); !removed) return removed;
  }
  return {};
}

std::uint64_t disk_bytes(const Path& path) {
  std::set<ino_t> seen;
  std::uint64_t bytes = 0;
  std::error_code failure;
  // Files come and go meanwhile: what is gone is not counted.
  for (auto at = std::filesystem::recursive_directory_iterator(path, failure);
       !failure && at != std::filesystem::recursive_directory_iterator(); at.increment(failure)) {
    struct stat info = {};
    if (::lstat(at->path().c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    if (seen.insert(info.st_ino).second) bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace millrace::states
