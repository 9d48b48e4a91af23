// Records: the units of the link protocol: frames of the layers above, handshake, credit, ping.
//
//   body length (4) | record kind (1) | 0 (1) | frame kind (2) | sequence (8) | body
//
// Sizes in bytes; integers are little-endian. Both nodes must have the same protocol version.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/transport/transport.hpp"

namespace millrace::transport {

enum class RecordKind : std::uint8_t {
  hello = 1,
  welcome = 2,
  goodbye = 3,
  frame = 4,
  credit = 5,  ///< sequence = charge released since the last credit record
  ping = 6,
};

/// When read, `body` points into the reader's buffer and is valid until the next call of the
/// reader.
struct Record {
  RecordKind kind{};
  FrameKind frame_kind{};
  std::uint64_t sequence = 0;  ///< frame: number from 1; credit: charge; else 0
  std::string_view body{};
};

inline constexpr std::size_t record_header_bytes = 16;
/// Largest body of a record that is not a frame, in bytes.
inline constexpr std::size_t control_body_bytes_max = 1024;

void append_record(std::string& out, const Record& record);

/// Splits a byte stream into records. Allocates only for bytes received, never for a length that is
/// only announced. Not thread-safe.
class RecordReader {
 public:
  explicit RecordReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  /// Accepts frames from now on. Before this call, a frame is `broken`.
  void allow_frames() { are_frames_allowed_ = true; }

  void append(std::string_view bytes);

  enum class Outcome { record, more, broken };
  /// `more`: no complete record; append more bytes. `broken`: an unknown kind, a length beyond the
  /// limit, or a frame before allow_frames(); do not call again.
  Outcome next(Record& record);

  /// Why next() returned `broken`, for a log line.
  [[nodiscard]] const std::string& fault() const { return fault_; }

 private:
  [[nodiscard]] bool check(std::uint8_t kind, std::uint8_t zero, std::size_t length);

  std::size_t frame_bytes_max_;
  bool are_frames_allowed_ = false;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::string fault_;
};

}  // namespace millrace::transport
