// AlignedBuffer: memory for direct file access (O_DIRECT).
#pragma once

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace millrace::files {

/// Owns uninitialised bytes whose address and length are multiples of 4 KiB. Not thread-safe. The
/// process stops if memory runs out.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;  ///< of capacity 0
  AlignedBuffer(AlignedBuffer&& other) noexcept
      : data_(std::move(other.data_)), capacity_(std::exchange(other.capacity_, 0)) {}
  AlignedBuffer& operator=(AlignedBuffer&&) = delete;
  explicit AlignedBuffer(std::size_t bytes) { reserve(bytes); }

  /// Ensures a capacity of at least `bytes`. If the buffer grows, its contents are lost, and
  /// pointers and views into it become invalid.
  void reserve(std::size_t bytes);

  /// Frees the memory; the capacity becomes 0.
  void reset();

  [[nodiscard]] char* data() { return data_.get(); }
  [[nodiscard]] const char* data() const { return data_.get(); }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  /// REQUIRES: offset + bytes <= capacity(). Valid until reserve() grows or reset().
  [[nodiscard]] std::string_view view(std::size_t offset, std::size_t bytes) const {
    return {data_.get() + offset, bytes};
  }

 private:
  struct Free {
    void operator()(char* data) const { std::free(data); }
  };
  std::unique_ptr<char, Free> data_;
  std::size_t capacity_ = 0;  ///< bytes at data_; a multiple of direct_alignment
};

}  // namespace millrace::files
