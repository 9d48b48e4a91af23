#include "apps/audit/format/frame.hpp"

#include "apps/audit/format/checksum.hpp"

namespace millrace::audit {
namespace {

constexpr std::uint64_t header_bytes = 40;

}  // namespace

std::optional<FrameFields> parse_frame(std::string_view bytes) {
  if (bytes.size() < header_bytes) return std::nullopt;
  const auto length = number_at<std::uint32_t>(bytes, 4);
  FrameFields frame;
  frame.lsn = number_at<std::uint64_t>(bytes, 8);
  if (frame.lsn == 0 || length > bytes.size() - header_bytes ||
      number_at<std::uint32_t>(bytes, 0) != crc32c(bytes.substr(4, header_bytes - 4 + length))) {
    return std::nullopt;
  }
  frame.durable = number_at<std::uint64_t>(bytes, 16);
  frame.segment = number_at<std::uint32_t>(bytes, 24);
  frame.position = number_at<std::uint32_t>(bytes, 28);
  frame.flags = number_at<std::uint32_t>(bytes, 36);
  frame.bytes = header_bytes + length;
  frame.body = bytes.substr(header_bytes, length);
  return frame;
}

}  // namespace millrace::audit
