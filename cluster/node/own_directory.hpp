// OwnDirectory: the data directory of a process that takes any seat. Processes of several seats may have the
// same configuration on one machine, and a paused one that has lost its seat may still use the directory of
// that seat.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "messages/result.hpp"

namespace millrace::cluster {

class OwnDirectory {
 public:
  /// Takes the directory `base`/`seat`, or the first of `base`/`seat`.2, .3, … that no other process has;
  /// makes it if missing. Fails with `storage_failed`, and with `storage_locked` if too many processes
  /// have one. Blocks on the disk.
  [[nodiscard]] static Result<std::unique_ptr<OwnDirectory>> take(const std::filesystem::path& base,
                                                                  const std::string& seat);
  /// Gives the directory up.
  ~OwnDirectory();
  OwnDirectory(const OwnDirectory&) = delete;
  OwnDirectory& operator=(const OwnDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  OwnDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  const std::filesystem::path path_;
  const int lock_;  ///< descriptor of the lock file
};

}  // namespace millrace::cluster
