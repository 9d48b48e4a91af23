// A frame: a record in a segment of a data directory or in a row of a database. See
// docs/formats/journal.md and docs/formats/postgres.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::audit {

inline constexpr std::uint32_t ends_group_flag = 1;
inline constexpr std::uint32_t mark_flag = 2;

struct FrameFields {
  std::uint64_t lsn = 0;       ///< of the record; of a mark: of the next record
  std::uint64_t durable = 0;   ///< records up to this were durable when the frame was formed
  std::uint32_t segment = 0;   ///< where the frame belongs
  std::uint32_t position = 0;  ///< in the segment, in the unit of the engine
  std::uint32_t flags = 0;
  std::uint64_t bytes = 0;  ///< of the frame, without padding
  std::string_view body;    ///< within the bytes that were parsed
};

/// The frame at the beginning of `bytes`; empty if no frame with the right checksum begins there.
[[nodiscard]] std::optional<FrameFields> parse_frame(std::string_view bytes);

/// `value`, or the next multiple of `unit` above it.
[[nodiscard]] constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t unit) {
  return (value + unit - 1) / unit * unit;
}

}  // namespace millrace::audit
