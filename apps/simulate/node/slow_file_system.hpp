// SlowFileSystem: the real file system with an adjustable delay of durable writes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/files/file_system.hpp"

namespace millrace::simulate {

/// Each durable write and each sync takes `delay_us` longer. `delay_us` must outlive this object
/// and may change at any time. Thread-safe.
class SlowFileSystem final : public files::FileSystem {
 public:
  explicit SlowFileSystem(const std::atomic<std::int64_t>& delay_us)
      : files_(files::posix_file_system()), delay_us_(delay_us) {}

  Result<std::unique_ptr<files::File>> open(const Path& path, files::OpenMode mode,
                                            files::Access access) override;
  Result<std::vector<std::string>> list(const Path& directory) override {
    return files_.list(directory);
  }
  Result<void> rename(const Path& from, const Path& to) override { return files_.rename(from, to); }
  Result<void> remove(const Path& path) override { return files_.remove(path); }
  Result<void> link(const Path& from, const Path& to) override { return files_.link(from, to); }
  Result<void> make_dir(const Path& directory) override { return files_.make_dir(directory); }
  Result<void> sync_dir(const Path& directory) override { return files_.sync_dir(directory); }
  Result<std::unique_ptr<files::FileLock>> lock(const Path& path, files::LockMode mode) override {
    return files_.lock(path, mode);
  }
  Result<std::uint64_t> free_bytes(const Path& directory) override {
    return files_.free_bytes(directory);
  }

 private:
  files::FileSystem& files_;
  const std::atomic<std::int64_t>& delay_us_;
};

}  // namespace millrace::simulate
