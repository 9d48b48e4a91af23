// The records that a connection carries: frames of the layers above, and what keeps the link.
//
//   body length (4) | record kind (1) | 0 (1) | frame kind (2) | sequence (8) | body
//
// Integers are little-endian. The layout is between nodes of one protocol version only.
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
  credit = 5,  ///< sequence = charge let go of since the last credit
  ping = 6,
};

/// `body` points into what was received, and lasts until the reader's next call.
struct Record {
  RecordKind kind{};
  FrameKind frame_kind{};
  std::uint64_t sequence = 0;  ///< of frames, from 1; 0 elsewhere but in credit
  std::string_view body{};
};

inline constexpr std::size_t record_header_bytes = 16;
/// Largest body of everything but a frame.
inline constexpr std::size_t control_body_bytes_max = 1024;

void append_record(std::string& out, const Record& record);

/// Cuts a stream of bytes into records. Allocates for bytes that came, never for bytes announced.
class RecordReader {
 public:
  explicit RecordReader(std::size_t frame_bytes_max) : frame_bytes_max_(frame_bytes_max) {}

  /// Frames are an error until this was called.
  void allow_frames() { are_frames_allowed_ = true; }

  void append(std::string_view bytes);

  enum class Outcome { record, more, broken };
  /// `broken`: an unknown kind, a length beyond the limit, a frame too early. Do not go on then.
  Outcome next(Record& record);

  /// What was wrong, for people.
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
