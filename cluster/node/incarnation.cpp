#include "cluster/node/incarnation.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include "actors/journal/disk/data_directory.hpp"

namespace millrace::cluster {
namespace {

using Path = std::filesystem::path;

Error failed(const Path& path, const char* what, int error) {
  return {ErrorCode::storage_failed,
          path.string() + ": " + what + ": " + std::system_category().message(error)};
}

/// Returns the stored incarnation; 0 if the file does not exist.
Result<std::uint64_t> read_latest(const Path& path) {
  std::ifstream file(path);
  if (!file) return std::uint64_t{0};
  std::string text;
  std::getline(file, text);
  std::uint64_t latest = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), latest);
  if (error == std::errc() && end == text.data() + text.size() && !text.empty()) return latest;
  return Error{ErrorCode::corrupt, path.string() + ": expected a decimal number"};
}

Result<void> write_durably(const Path& path, const std::string& text) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed(path, "open", errno);
  const bool is_written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const bool is_synced = is_written && fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (!is_synced) return failed(path, "write", error);
  return {};
}

Result<void> sync_directory(const Path& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed(path, "open", errno);
  const bool is_synced = fsync(fd) == 0;
  const int error = errno;
  close(fd);
  if (!is_synced) return failed(path, "sync", error);
  return {};
}

}  // namespace

Result<std::uint64_t> next_incarnation(const Path& data_dir, TimeUs now_us) {
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  if (error) return failed(data_dir, "make", error.value());
  const Path path = data_dir / journal::DataDirectory::incarnation_name;
  const auto latest = read_latest(path);
  if (!latest) return latest.error();
  const std::uint64_t next =
      std::max(*latest + 1, static_cast<std::uint64_t>(std::max<TimeUs>(now_us, 1)));
  Path unfinished = path;
  unfinished += journal::unfinished_suffix;
  if (auto written = write_durably(unfinished, std::to_string(next) + "\n"); !written) {
    return written.error();
  }
  std::filesystem::rename(unfinished, path, error);
  if (error) return failed(path, "rename", error.value());
  if (auto synced = sync_directory(data_dir); !synced) return synced.error();
  return next;
}

}  // namespace millrace::cluster
