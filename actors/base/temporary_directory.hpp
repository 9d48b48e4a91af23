// TemporaryDirectory: a new directory that is removed with the object.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "messages/result.hpp"

namespace millrace {

/// Owns the directory: the destructor removes it with its contents and ignores failures. Not
/// thread-safe.
class TemporaryDirectory {
 public:
  /// Makes a directory in `parent`; its name is `prefix` and six random characters. Fails with
  /// `storage_failed`.
  [[nodiscard]] static Result<TemporaryDirectory> make(const std::filesystem::path& parent,
                                                       const std::string& prefix);
  /// Makes it in the directory that TMPDIR names, by default /tmp. Fails with `storage_failed`.
  [[nodiscard]] static Result<TemporaryDirectory> make(const std::string& prefix);

  ~TemporaryDirectory();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Leaves the directory in place when this object is destroyed. path() is empty from now on.
  void keep() { path_.clear(); }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  ///< empty: nothing is removed
};

}  // namespace millrace
