#include "cluster/move/chunk_spool.hpp"

#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

namespace millrace::moves {
namespace {

ErrorCode code_of(int error) {
  const bool is_full = error == ENOSPC || error == EDQUOT;
  return is_full ? ErrorCode::storage_full : ErrorCode::storage_failed;
}

// Some file systems do not support O_TMPFILE.
int open_nameless(const std::filesystem::path& directory) {
  const int fd = open(directory.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::FILE* const elsewhere = std::tmpfile();
  if (elsewhere == nullptr) return -1;
  const int kept = fcntl(fileno(elsewhere), F_DUPFD_CLOEXEC, 0);
  std::fclose(elsewhere);
  return kept;
}

}  // namespace

Error ChunkSpool::failed(const char* what) const {
  const int error = errno;
  return {code_of(error), directory_.string() + ": " + what +
                              " a shard on its way out: " + std::generic_category().message(error)};
}

Result<std::unique_ptr<ChunkSpool>> ChunkSpool::make(const std::filesystem::path& directory) {
  const int fd = open_nameless(directory);
  std::unique_ptr<ChunkSpool> spool(new ChunkSpool(fd, directory));
  if (fd < 0) return spool->failed("open a file for");
  return spool;
}

ChunkSpool::~ChunkSpool() {
  if (fd_ >= 0) close(fd_);
}

Result<void> ChunkSpool::add(const std::string& chunk) {
  const std::uint64_t begin = ends_.empty() ? 0 : ends_.back();
  std::size_t done = 0;
  while (done < chunk.size()) {
    const ssize_t written =
        pwrite(fd_, chunk.data() + done, chunk.size() - done, static_cast<off_t>(begin + done));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return failed("write");
    done += static_cast<std::size_t>(written);
  }
  ends_.push_back(begin + chunk.size());
  return {};
}

Result<std::string> ChunkSpool::read(std::uint64_t index) const {
  const std::uint64_t begin = index == 0 ? 0 : ends_[index - 1];
  std::string chunk(ends_[index] - begin, '\0');
  std::size_t done = 0;
  while (done < chunk.size()) {
    const ssize_t got =
        pread(fd_, chunk.data() + done, chunk.size() - done, static_cast<off_t>(begin + done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return failed("read");
    done += static_cast<std::size_t>(got);
  }
  return chunk;
}

}  // namespace millrace::moves
