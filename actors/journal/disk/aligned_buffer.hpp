// Memory that O_DIRECT accepts.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace millrace::journal {

/// Bytes aligned to 4 KiB, uninitialised. Not thread-safe. Out of memory stops the process.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::move(other.data_)), capacity_(std::exchange(other.capacity_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&&) = delete;
  explicit AlignedBuffer(std::size_t bytes) { reserve(bytes); }

  /// Makes room for at least `bytes`; what was in the buffer is lost when it grows.
  void reserve(std::size_t bytes);

  /// Gives the memory back.
  void reset();

  [[nodiscard]] char* data() { return data_.get(); }
  [[nodiscard]] const char* data() const { return data_.get(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  [[nodiscard]] std::string_view view(std::size_t offset, std::size_t bytes) const {
    return {data_.get() + offset, bytes};
  }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  std::unique_ptr<char, Free> data_;
  std::size_t capacity_ = 0;
};

}  // namespace millrace::journal
