// posix_file_system(): POSIX calls, with O_DIRECT and RWF_DSYNC of Linux.
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "actors/files/aligned_buffer.hpp"
#include "actors/files/file_system.hpp"

namespace millrace::files {
namespace {

using Path = FileSystem::Path;

/// Owns an open file descriptor and closes it when destroyed. A negative value: none is open.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }

  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool is_open() const { return value_ >= 0; }

 private:
  int value_;
};

/// "<path>: cannot <action>: <reason>", with the code that `reason`, an errno, stands for.
Error posix_error(const char* action, const Path& path, int reason) {
  ErrorCode code = ErrorCode::storage_failed;
  if (reason == ENOSPC || reason == EDQUOT) code = ErrorCode::storage_full;
  if (reason == ENOENT || reason == ENOTDIR) code = ErrorCode::not_found;
  return Error{
      code, path.string() + ": cannot " + action + ": " + std::generic_category().message(reason)};
}

/// Whatever the umask: owner and group read, the owner writes.
constexpr mode_t file_mode = 0640;
constexpr mode_t directory_mode = 0750;

/// As ::open(), but follows no symbolic link at `path` itself, which could lead to a file of somebody
/// else, and never waits for the other end of a FIFO.
int open_itself(const Path& path, int flags) {
  return ::open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, file_mode);
}

/// Takes the result of open_itself(), called just before. Fails unless it is a regular file.
Result<Descriptor> regular_file(const Path& path, int opened) {
  if (opened < 0 && errno == ELOOP) {
    return Error{ErrorCode::storage_failed,
                 path.string() + ": expected a regular file, found a symbolic link"};
  }
  if (opened < 0) return posix_error("open", path, errno);
  Descriptor descriptor{opened};
  struct stat info = {};
  if (::fstat(opened, &info) != 0) return posix_error("stat", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::storage_failed, path.string() + ": expected a regular file"};
  }
  const int flags = ::fcntl(opened, F_GETFL);
  if (flags < 0 || ::fcntl(opened, F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return posix_error("open", path, errno);
  }
  return descriptor;
}

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, Path path)
      : descriptor_(std::move(descriptor)), path_(std::move(path)) {}

  Result<std::size_t> read(std::uint64_t offset, std::span<char> into) override {
    std::size_t done = 0;
    while (done < into.size()) {
      const ssize_t got = ::pread(descriptor_.get(), into.data() + done, into.size() - done,
                                  static_cast<off_t>(offset + done));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", offset + done, errno);
      if (got == 0) break;
      done += static_cast<std::size_t>(got);
      // A partial sector is the end of the file; O_DIRECT would refuse to read on from there.
      if (done % 512 != 0) break;
    }
    return done;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    return write_with(offset, bytes, 0);
  }

  Result<void> write_durable(std::uint64_t offset, std::string_view bytes) override {
    // One call instead of pwrite and fdatasync, and it does not wait for other writes in flight.
    if (dsync_.load(std::memory_order_relaxed)) {
      Result<void> written = write_with(offset, bytes, RWF_DSYNC);
      if (written || dsync_.load(std::memory_order_relaxed)) return written;
    }
    if (Result<void> written = write_with(offset, bytes, 0); !written) return written;
    return sync();
  }

  Result<void> sync() override {
    // Not repeated after EINTR: after an error the kernel may have marked lost pages as clean.
    if (::fdatasync(descriptor_.get()) != 0) return posix_error("sync", path_, errno);
    return {};
  }

  Result<void> zero_fill(std::uint64_t bytes) override {
    // Zeros are written, not only reserved: the first write to an unwritten extent would need a
    // commit of the file system's own journal.
    if (const int failure = ::posix_fallocate(descriptor_.get(), 0, static_cast<off_t>(bytes));
        failure != 0) {
      return posix_error("allocate", path_, failure);
    }
    constexpr std::size_t step = 256U << 10;
    AlignedBuffer zeros{step};
    std::memset(zeros.data(), 0, step);
    for (std::uint64_t offset = 0; offset < bytes; offset += step) {
      const std::size_t part = std::min<std::uint64_t>(step, bytes - offset);
      if (Result<void> done = write(offset, zeros.view(0, part)); !done) return done;
    }
    if (::fsync(descriptor_.get()) != 0) return posix_error("sync", path_, errno);
    return {};
  }

  Result<std::uint64_t> size() override {
    struct stat info = {};
    if (::fstat(descriptor_.get(), &info) != 0) return posix_error("stat", path_, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  // The time of birth, which no tool can set. Not the device, whose number may change with a boot; and
  // the number of the inode only where no time is recorded, as some file systems renumber at a mount.
  Result<std::string> identity() override {
    struct statx info = {};
    if (::statx(descriptor_.get(), "", AT_EMPTY_PATH, STATX_INO | STATX_BTIME, &info) != 0) {
      return posix_error("stat", path_, errno);
    }
    if ((info.stx_mask & STATX_BTIME) == 0) return "inode-" + std::to_string(info.stx_ino);
    return "born-" + std::to_string(info.stx_btime.tv_sec) + "-" +
           std::to_string(info.stx_btime.tv_nsec);
  }

 private:
  Error failed(const char* action, std::uint64_t offset, int reason) const {
    Error error = posix_error(action, path_, reason);
    error.message += " (offset " + std::to_string(offset) + ")";
    return error;
  }

  Result<void> write_with(std::uint64_t offset, std::string_view bytes, int flags) {
    while (!bytes.empty()) {
      iovec part{const_cast<char*>(bytes.data()), bytes.size()};
      const ssize_t put =
          ::pwritev2(descriptor_.get(), &part, 1, static_cast<off_t>(offset), flags);
      if (put < 0 && errno == EINTR) continue;
      if (put < 0 && flags != 0 && (errno == EOPNOTSUPP || errno == ENOSYS)) {
        dsync_.store(false, std::memory_order_relaxed);
      }
      if (put <= 0) return failed("write", offset, put < 0 ? errno : EIO);
      offset += static_cast<std::uint64_t>(put);
      bytes.remove_prefix(static_cast<std::size_t>(put));
    }
    return {};
  }

  Descriptor descriptor_;
  Path path_;
  std::atomic<bool> dsync_ = true;  ///< RWF_DSYNC is supported, as far as known
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(Descriptor descriptor) : descriptor_(std::move(descriptor)) {}

 private:
  Descriptor descriptor_;
};

/// The process id in the lock file; empty if it contains anything else.
std::string holder_of(int descriptor) {
  char text[32] = {};
  const ssize_t got = ::pread(descriptor, text, sizeof text - 1, 0);
  if (got <= 0) return {};
  std::string digits{text, static_cast<std::size_t>(got)};
  while (!digits.empty() && digits.back() == '\n') digits.pop_back();
  if (digits.find_first_not_of("0123456789") != std::string::npos) return {};
  return digits;
}

/// Opens a lock file; creates it for the writer.
Result<Descriptor> open_lock(const Path& path, bool is_writer) {
  Result<Descriptor> existing =
      regular_file(path, open_itself(path, is_writer ? O_RDWR : O_RDONLY));
  if (existing || !is_writer || existing.error().code != ErrorCode::not_found) return existing;
  Result<Descriptor> opened = regular_file(path, open_itself(path, O_RDWR | O_CREAT));
  if (opened && ::fchmod(opened->get(), file_mode) != 0) {
    return posix_error("set the mode", path, errno);
  }
  return opened;
}

class PosixFileSystem final : public FileSystem {
 public:
  Result<std::unique_ptr<File>> open(const Path& path, OpenMode mode, Access access) override {
    const bool creates = mode == OpenMode::create;
    int flags = mode == OpenMode::read ? O_RDONLY : O_RDWR;
    if (creates) flags |= O_CREAT | O_TRUNC;
    int descriptor = -1;
    if (access == Access::direct) descriptor = open_itself(path, flags | O_DIRECT);
    // EINVAL means that the file system does not support O_DIRECT; other errors are real.
    if (access == Access::buffered || (descriptor < 0 && errno == EINVAL)) {
      descriptor = open_itself(path, flags);
    }
    Result<Descriptor> opened = regular_file(path, descriptor);
    if (!opened) return opened.error();
    if (creates && ::fchmod(opened->get(), file_mode) != 0) {
      return posix_error("set the mode", path, errno);
    }
    return std::unique_ptr<File>{std::make_unique<PosixFile>(*std::move(opened), path)};
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

  Result<void> link(const Path& from, const Path& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    if (errno == EPERM || errno == EOPNOTSUPP || errno == EMLINK) return FileSystem::link(from, to);
    return posix_error("link", to, errno);
  }

  Result<void> make_dir(const Path& given) override {
    const Path directory = given.has_filename() ? given : given.parent_path();
    std::error_code failure;
    if (directory.has_parent_path()) {
      std::filesystem::create_directories(directory.parent_path(), failure);
      if (failure) return posix_error("make directory", directory, failure.value());
    }
    if (::mkdir(directory.c_str(), directory_mode) == 0) {
      if (::chmod(directory.c_str(), directory_mode) == 0) return {};
      return posix_error("set the mode", directory, errno);
    }
    const int reason = errno;
    if (std::filesystem::is_directory(directory, failure)) return {};
    return posix_error("make directory", directory, reason);
  }

  Result<void> sync_dir(const Path& directory) override {
    const Descriptor descriptor{::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!descriptor.is_open()) return posix_error("open", directory, errno);
    if (::fsync(descriptor.get()) != 0) return posix_error("sync", directory, errno);
    return {};
  }

  Result<std::unique_ptr<FileLock>> lock(const Path& path, LockMode mode) override {
    const bool exclusive = mode == LockMode::exclusive;
    Result<Descriptor> opened = open_lock(path, exclusive);
    if (!opened) return opened.error();
    Descriptor descriptor = *std::move(opened);
    if (::flock(descriptor.get(), (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK) return posix_error("lock", path, errno);
      const std::string holder = holder_of(descriptor.get());
      return Error{ErrorCode::storage_locked,
                   path.string() + ": in use by " +
                       (holder.empty() ? std::string{"another process"} : "process " + holder)};
    }
    if (exclusive) {
      // The process id is only a hint for an operator, so a failure to write it is ignored.
      const std::string text = std::to_string(::getpid()) + "\n";
      if (::ftruncate(descriptor.get(), 0) == 0) {
        [[maybe_unused]] const ssize_t put =
            ::pwrite(descriptor.get(), text.data(), text.size(), 0);
      }
    }
    return std::unique_ptr<FileLock>{std::make_unique<PosixLock>(std::move(descriptor))};
  }

  bool is_link(const Path& path) override {
    struct stat info = {};
    return ::lstat(path.c_str(), &info) == 0 && S_ISLNK(info.st_mode);
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

}  // namespace millrace::files
