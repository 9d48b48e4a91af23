// The file system of a POSIX host, with Linux's O_DIRECT and RWF_DSYNC.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "actors/journal/disk/aligned_buffer.hpp"
#include "actors/journal/disk/file_system.hpp"
#include "actors/journal/disk/posix_file.hpp"

namespace millrace::journal {
namespace {

using Path = FileSystem::Path;

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

/// What the holder wrote into the lock file: its process id, or nothing readable.
std::string holder_of(int descriptor) {
  char text[32] = {};
  const ssize_t got = ::pread(descriptor, text, sizeof text - 1, 0);
  if (got <= 0) return {};
  std::string digits{text, static_cast<std::size_t>(got)};
  while (!digits.empty() && digits.back() == '\n') digits.pop_back();
  if (digits.find_first_not_of("0123456789") != std::string::npos) return {};
  return digits;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Access access) override {
    int flags = O_CLOEXEC | (mode == OpenMode::read ? O_RDONLY : O_RDWR);
    if (mode == OpenMode::create) flags |= O_CREAT | O_TRUNC;
    int descriptor = -1;
    if (access == Access::direct) descriptor = ::open(path.c_str(), flags | O_DIRECT, 0640);
    // Only EINVAL says that the file system knows no O_DIRECT.
    if (access == Access::buffered || (descriptor < 0 && errno == EINVAL)) {
      descriptor = ::open(path.c_str(), flags, 0640);
    }
    if (descriptor < 0) return posix_error("open", path, errno);
    return make_posix_file(Descriptor{descriptor}, path);
  }

  Result<std::vector<std::string>> list(const Path& directory) override {
    std::error_code failure;
    std::vector<std::string> names;
    std::filesystem::directory_iterator at{directory, failure};
    while (!failure && at != std::filesystem::directory_iterator{}) {
      names.push_back(at->path().filename().string());
      at.increment(failure);
    }
    if (failure) return posix_error("list", directory, failure.value());
    return names;
  }

  Result<void> rename(const Path& from, const Path& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) return posix_error("rename", from, errno);
    return {};
  }

  Result<void> remove(const Path& path) override {
    if (::unlink(path.c_str()) != 0) return posix_error("remove", path, errno);
    return {};
  }

  Result<void> make_dir(const Path& directory) override {
    std::error_code failure;
    std::filesystem::create_directories(directory, failure);
    if (failure) return posix_error("make directory", directory, failure.value());
    return {};
  }

  Result<void> sync_dir(const Path& directory) override {
    const Descriptor descriptor{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor.valid()) return posix_error("open", directory, errno);
    if (::fsync(descriptor.get()) != 0) return posix_error("sync", directory, errno);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const Path& path, LockMode mode) override {
    const bool exclusive = mode == LockMode::exclusive;
    const int flags = O_CLOEXEC | (exclusive ? O_RDWR | O_CREAT : O_RDONLY);
    Descriptor descriptor{::open(path.c_str(), flags, 0640)};
    if (!descriptor.valid()) return posix_error("open", path, errno);
    if (::flock(descriptor.get(), (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return posix_error("lock", path, errno);
      const std::string holder = holder_of(descriptor.get());
      return Error{ErrorCode::storage_locked,
                   path.string() + ": in use by " +
                       (holder.empty() ? std::string{"another process"} : "process " + holder)};
    }
    if (exclusive) {
      // Only a hint for people, so a failure to write it matters to nobody.
      const std::string text = std::to_string(::getpid()) + "\n";
      if (::ftruncate(descriptor.get(), 0) == 0) {
        [[maybe_unused]] const ssize_t put =
            ::pwrite(descriptor.get(), text.data(), text.size(), 0);
      }
    }
    return std::unique_ptr<FileLock>{std::make_unique<PosixLock>(std::move(descriptor))};
  }

  Result<std::uint64_t> free_bytes(const Path& directory) override {
    struct statvfs info = {};
    if (::statvfs(directory.c_str(), &info) != 0) return posix_error("stat", directory, errno);
    return std::uint64_t{info.f_bavail} * info.f_frsize;
  }
};

}  // namespace

FileSystem& posix_file_system() {
  static PosixFileSystem instance;
  return instance;
}

}  // namespace millrace::journal
