// LogFiles: the log of one data directory, record by record, and what is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "apps/audit/disk/data_files.hpp"
#include "apps/audit/disk/segment_file.hpp"
#include "apps/audit/log/node_log.hpp"
#include "messages/result.hpp"

namespace millrace::audit {

class LogFiles {
 public:
  explicit LogFiles(const DataFiles& files) : files_(files) {}

  /// Calls `visit` for each record, in order, from the first one on disk. After a confirmed record
  /// that is damaged or missing, at or behind `witness.replay_from`, the reading ends. Fails with
  /// `storage_failed`. Needs memory for the longest segment.
  Result<LogExtent> read(const Witness& witness,
                         const std::function<void(const LogRecord&)>& visit);

  /// Lsn of the first record that the segments hold; 0: none.
  Result<std::uint64_t> first_lsn();

  /// Calls `visit` with the index of each place, and the body of the record there; empty if no
  /// intact record begins at the place. REQUIRES: `places` are in order.
  Result<void> read_at(
      std::span<const Place> places,
      const std::function<void(std::size_t, const std::optional<LogRecord>&)>& visit) const;

 private:
  struct Segment {
    std::uint32_t number = 0;
    std::uint64_t first_lsn = 0;  ///< 0: no intact header of this number
    std::uint64_t bytes = 0;
  };

  Result<void> find_segments();
  Result<void> read_segment(std::size_t index, const std::function<void(const LogRecord&)>& visit);
  Result<void> judge_gap(const SegmentFile& file, std::size_t index, std::uint64_t offset);
  Result<void> check_headers();
  void check_end();
  void damage(std::uint32_t segment, std::uint64_t offset, std::uint64_t record, std::string text);
  [[nodiscard]] std::string name_of(std::uint32_t segment) const;
  [[nodiscard]] bool is_superseded(const Segment& segment, std::uint64_t first_lsn) const;

  const DataFiles& files_;
  Witness witness_;
  bool has_found_ = false;
  std::vector<Segment> all_;    ///< by number
  std::vector<Segment> chain_;  ///< those that the log consists of
  std::vector<Damage> early_damage_;
  std::uint64_t expected_ = 0;  ///< lsn of the next record
  bool has_ended_ = false;
  LogExtent extent_;
};

}  // namespace millrace::audit
