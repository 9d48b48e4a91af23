// Frame: the bytes of one request, and what they hold of the server's memory.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "cluster/http/handler/byte_budget.hpp"

namespace millrace::kafka {

/// Whoever takes views of it shares it; its charge is given back when the last owner is gone, on any
/// thread.
class Frame {
 public:
  /// Takes memory for `size` bytes, which arrive by add().
  Frame(std::size_t size, http::ByteCharge charge)
      : bytes_(std::make_unique_for_overwrite<char[]>(size)),
        size_(size),
        charge_(std::move(charge)) {}

  /// Takes as many of `bytes` as there is room for; returns how many.
  std::size_t add(std::string_view bytes) {
    const std::size_t count = std::min(bytes.size(), missing());
    if (count > 0) std::memcpy(bytes_.get() + used_, bytes.data(), count);
    used_ += count;
    return count;
  }
  /// Where to put further bytes, up to missing(); followed by added().
  [[nodiscard]] char* room() { return bytes_.get() + used_; }
  void added(std::size_t count) { used_ += count; }

  [[nodiscard]] std::size_t missing() const { return size_ - used_; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::string_view bytes() const { return {bytes_.get(), used_}; }

 private:
  std::unique_ptr<char[]> bytes_;
  const std::size_t size_;
  std::size_t used_ = 0;
  http::ByteCharge charge_;
};

}  // namespace millrace::kafka
