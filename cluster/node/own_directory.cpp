#include "cluster/node/own_directory.hpp"

#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace millrace::cluster {
namespace {

constexpr int directories_max = 16;

Error failed(const std::filesystem::path& path, const std::error_code& error) {
  return {ErrorCode::storage_failed, path.string() + ": " + error.message()};
}

}  // namespace

Result<std::unique_ptr<OwnDirectory>> OwnDirectory::take(const std::filesystem::path& base,
                                                         const std::string& seat) {
  for (int i = 1; i <= directories_max; ++i) {
    std::filesystem::path path = base / (i == 1 ? seat : seat + "." + std::to_string(i));
    std::error_code error;
    std::filesystem::create_directories(path, error);
    if (error) return failed(path, error);
    const std::filesystem::path file = path / "in-use";
    const int lock = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (lock < 0) return failed(file, {errno, std::generic_category()});
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
      return std::unique_ptr<OwnDirectory>(new OwnDirectory(std::move(path), lock));
    }
    const int why = errno;
    ::close(lock);
    if (why != EWOULDBLOCK) return failed(file, {why, std::generic_category()});
  }
  return Error{ErrorCode::storage_locked, (base / seat).string() + ": " +
                                              std::to_string(directories_max) +
                                              " other processes use this directory and its likes"};
}

OwnDirectory::~OwnDirectory() {
  ::close(lock_);
}

}  // namespace millrace::cluster
