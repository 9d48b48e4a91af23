#include "actors/journal/write/options.hpp"

#include <string>

#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

Error out_of_range(const char* name, const std::string& expected, std::uint64_t got) {
  return Error{ErrorCode::invalid_argument, std::string{"journal option "} + name + ": expected " +
                                                expected + ", got " + std::to_string(got)};
}

}  // namespace

std::uint64_t record_room(std::uint64_t segment_bytes) {
  return segment_bytes - block_bytes - frame_header_bytes;
}

Result<void> validate(const Options& options) {
  constexpr std::uint64_t kib = 1024;
  if (options.segment_bytes % block_bytes != 0 || options.segment_bytes < 64 * kib ||
      options.segment_bytes > kib * kib * kib) {
    return out_of_range("segment_bytes", "a multiple of 4096 from 65536 to 1073741824",
                        options.segment_bytes);
  }
  if (options.groups_max < 1 || options.groups_max > 16) {
    return out_of_range("groups_max", "1 to 16", options.groups_max);
  }
  if (options.group_bytes_max < block_bytes || options.group_bytes_max > 64 * kib * kib) {
    return out_of_range("group_bytes_max", "4096 to 67108864", options.group_bytes_max);
  }
  const std::uint64_t room = record_room(options.segment_bytes);
  if (options.record_bytes_max < 1 || options.record_bytes_max > room) {
    return out_of_range("record_bytes_max", "1 to " + std::to_string(room) + ", to fit a segment",
                        options.record_bytes_max);
  }
  if (options.reserve_segments < 1) {
    return out_of_range("reserve_segments", "at least 1", options.reserve_segments);
  }
  if (options.ready_segments_max < options.reserve_segments) {
    return out_of_range("ready_segments_max",
                        "at least reserve_segments = " + std::to_string(options.reserve_segments),
                        options.ready_segments_max);
  }
  return {};
}

}  // namespace millrace::journal
