// One function for each codec; see unpack() in codec.hpp.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "messages/result.hpp"

namespace millrace::kafka {

[[nodiscard]] Result<std::string> unpack_gzip(std::string_view packed, std::size_t bytes_max);
[[nodiscard]] Result<std::string> unpack_snappy(std::string_view packed, std::size_t bytes_max);
[[nodiscard]] Result<std::string> unpack_lz4(std::string_view packed, std::size_t bytes_max);
[[nodiscard]] Result<std::string> unpack_zstd(std::string_view packed, std::size_t bytes_max);

[[nodiscard]] inline Error too_much_unpacked(const char* codec, std::size_t bytes_max) {
  return {ErrorCode::too_large, std::string(codec) + ": expected at most " +
                                    std::to_string(bytes_max) + " bytes of records when unpacked"};
}

/// The output of a codec that does not say how long it will be: grows as it is filled, up to
/// `bytes_max` and one byte more, which shows that there would be more.
class GrowingOutput {
 public:
  GrowingOutput(std::size_t packed_bytes, std::size_t bytes_max) : bytes_max_(bytes_max) {
    text_.resize(std::min(bytes_max + 1, std::max<std::size_t>(4 * packed_bytes, 4'096)));
  }

  /// Makes room if there is none. False at the bound.
  [[nodiscard]] bool make_room() {
    if (used_ < text_.size()) return true;
    if (used_ > bytes_max_) return false;
    text_.resize(std::min(bytes_max_ + 1, 2 * text_.size()));
    return true;
  }
  [[nodiscard]] char* data() { return text_.data() + used_; }
  [[nodiscard]] std::size_t room() const { return text_.size() - used_; }
  void add(std::size_t bytes) { used_ += bytes; }
  [[nodiscard]] bool is_too_large() const { return used_ > bytes_max_; }
  [[nodiscard]] std::string take() {
    text_.resize(used_);
    return std::move(text_);
  }

 private:
  const std::size_t bytes_max_;
  std::string text_{};
  std::size_t used_ = 0;
};

}  // namespace millrace::kafka
