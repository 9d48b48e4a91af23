#include "actors/journal/disk/posix_file.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>
#include <system_error>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "actors/journal/disk/aligned_buffer.hpp"

namespace millrace::journal {
namespace {

class PosixFile final : public File {
 public:
  PosixFile(Descriptor descriptor, FileSystem::Path path)
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
      // A short read is the end of the file; asking on at an odd offset is refused with O_DIRECT.
      if (done % 512 != 0) break;
    }
    return done;
  }

  Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    return write_with(offset, bytes, 0);
  }

  Result<void> write_durable(std::uint64_t offset, std::string_view bytes) override {
    // One call less than pwrite + fdatasync, and it need not wait for other writes in flight.
    if (dsync_.load(std::memory_order_relaxed)) {
      Result<void> written = write_with(offset, bytes, RWF_DSYNC);
      if (written || dsync_.load(std::memory_order_relaxed)) return written;
    }
    if (Result<void> written = write_with(offset, bytes, 0); !written) return written;
    return sync();
  }

  Result<void> sync() override {
    // Not repeated after EINTR: after any error the state of the pages is unknown.
    if (::fdatasync(descriptor_.get()) != 0) return posix_error("sync", path_, errno);
    return {};
  }

  Result<void> zero_fill(std::uint64_t bytes) override {
    // Writing the zeros, not only reserving: unwritten extents cost a file-system commit later.
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
  FileSystem::Path path_;
  std::atomic<bool> dsync_ = true;
};

}  // namespace

Descriptor::~Descriptor() {
  if (value_ >= 0) ::close(value_);
}

Error posix_error(const char* action, const FileSystem::Path& path, int reason) {
  ErrorCode code = ErrorCode::storage_failed;
  if (reason == ENOSPC || reason == EDQUOT) code = ErrorCode::storage_full;
  if (reason == ENOENT || reason == ENOTDIR) code = ErrorCode::not_found;
  return Error{
      code, path.string() + ": cannot " + action + ": " + std::generic_category().message(reason)};
}

std::unique_ptr<File> make_posix_file(Descriptor descriptor, FileSystem::Path path) {
  return std::make_unique<PosixFile>(std::move(descriptor), std::move(path));
}

}  // namespace millrace::journal
