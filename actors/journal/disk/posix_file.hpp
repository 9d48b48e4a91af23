// An open file of a POSIX host.
#pragma once

#include <memory>
#include <utility>

#include "actors/journal/disk/file_system.hpp"

namespace millrace::journal {

/// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  Descriptor(Descriptor&& other) noexcept : value_(std::exchange(other.value_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();

  [[nodiscard]] int get() const { return value_; }
  [[nodiscard]] bool valid() const { return value_ >= 0; }

 private:
  int value_;
};

/// "<path>: cannot <action>: <reason>", with the code that `reason` (an errno) stands for.
[[nodiscard]] Error posix_error(const char* action, const FileSystem::Path& path, int reason);

/// Reads and writes `descriptor`; `path` is for messages.
[[nodiscard]] std::unique_ptr<File> make_posix_file(Descriptor descriptor, FileSystem::Path path);

}  // namespace millrace::journal
