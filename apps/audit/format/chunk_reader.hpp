// ChunkReader: turns the chunks of a checkpoint into its entries. A chunk lies in a file, or is a row of a
// database.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace millrace::audit {

inline constexpr std::uint64_t chunk_bytes_max = 1U << 20;

class ChunkReader {
 public:
  /// Visits the entries of checkpoint `number`; the bytes are valid during the call.
  ChunkReader(std::uint64_t number, const std::function<void(std::string_view)>& visit)
      : number_(number), visit_(visit) {}

  /// Reads the next chunk, at the beginning of `bytes`. Returns what is wrong; empty: nothing.
  [[nodiscard]] std::string add(std::string_view bytes);
  /// After the last chunk: what is missing; empty: nothing.
  [[nodiscard]] std::string finish() const;

  [[nodiscard]] bool is_last() const { return is_last_; }  ///< the last chunk was read
  [[nodiscard]] std::uint64_t entries() const { return entries_; }
  [[nodiscard]] std::uint64_t last_bytes() const {
    return last_bytes_;
  }  ///< of the chunk read last

 private:
  [[nodiscard]] std::string read_pieces(std::string_view at);

  const std::uint64_t number_;
  const std::function<void(std::string_view)>& visit_;
  std::uint32_t index_ = 0;
  std::uint64_t entries_ = 0;
  std::uint64_t last_bytes_ = 0;
  bool is_last_ = false;
  std::string carried_;  ///< the entry so far
};

}  // namespace millrace::audit
