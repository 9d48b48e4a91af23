// TemporaryDirectory: a new directory that goes away with its owner.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "messages/result.hpp"

namespace millrace {

/// One thread.
class TemporaryDirectory {
 public:
  /// In `parent`, with a name that begins with `prefix`. Fails with `storage_failed`.
  [[nodiscard]] static Result<TemporaryDirectory> make(const std::filesystem::path& parent,
                                                       const std::string& prefix);
  /// In the system's directory for such, by default /tmp; see TMPDIR.
  [[nodiscard]] static Result<TemporaryDirectory> make(const std::string& prefix);

  ~TemporaryDirectory();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// It stays.
  void keep() { path_.clear(); }

 private:
  explicit TemporaryDirectory(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  ///< empty: nothing goes away
};

}  // namespace millrace
