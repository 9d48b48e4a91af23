// SegmentFile: one segment of the log in memory, and the frames in it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "messages/result.hpp"

namespace millrace::audit {

/// An intact frame of a segment; see docs/formats/journal.md.
struct Frame {
  std::uint64_t lsn = 0;      ///< of the record; of a mark: of the next record
  std::uint64_t durable = 0;  ///< records up to this were durable when the frame was formed
  std::uint64_t offset = 0;   ///< in the segment
  std::uint64_t next = 0;     ///< offset at which the next frame begins
  bool is_mark = false;
  std::string_view body;  ///< valid as long as the segment
};

struct SegmentHeader {
  std::uint32_t version = 0;
  std::uint32_t number = 0;
  std::uint64_t first_lsn = 0;
  std::uint64_t bytes = 0;
};

/// The header in the first block of a segment; empty if there is no intact one.
[[nodiscard]] std::optional<SegmentHeader> parse_segment_header(std::string_view block);

class SegmentFile {
 public:
  /// Reads the whole file. Fails with `not_found`, `storage_failed`.
  static Result<SegmentFile> read(std::uint32_t number, const std::filesystem::path& path);

  [[nodiscard]] std::uint64_t bytes() const { return bytes_.size(); }

  /// The frame at `offset`; empty if no intact frame of this segment begins there.
  [[nodiscard]] std::optional<Frame> frame_at(std::uint64_t offset) const;

  /// The first intact frame at `offset` or later that frame_at() finds, group by group.
  [[nodiscard]] std::optional<Frame> frame_from(std::uint64_t offset) const;

 private:
  SegmentFile(std::uint32_t number, std::string bytes)
      : number_(number), bytes_(std::move(bytes)) {}

  std::uint32_t number_;
  std::string bytes_;
};

}  // namespace millrace::audit
