// Which tables of segments must be there: so that a start notices that somebody has dropped one. Pure.
#pragma once

#include <optional>
#include <span>

#include "actors/log/frame.hpp"

namespace millrace::postgres_log {

using logs::SegmentInfo;
using logs::SegmentNumber;

/// The tables `first` to `last`; none if first > last. A table before `first` may be there: of a schema of
/// version 1, whose numbers have gaps.
struct KeptSegments {
  SegmentNumber first = 1;
  SegmentNumber last = 0;

  friend bool operator==(const KeptSegments&, const KeptSegments&) = default;
};

/// Tables of segments that are not as `kept` says.
struct AmissSegments {
  std::optional<SegmentNumber> missing{};  ///< the oldest one
  std::optional<SegmentNumber> foreign{};  ///< is there, and no process has made it
};

/// Compares `kept` with the tables that are there, ascending.
[[nodiscard]] AmissSegments compare(const KeptSegments& kept, std::span<const SegmentInfo> there);

/// What may be expected from now on where nobody has kept it: the newest tables, up to the first gap. Those
/// that are there, ascending.
[[nodiscard]] KeptSegments newest_run(std::span<const SegmentInfo> there);

}  // namespace millrace::postgres_log
