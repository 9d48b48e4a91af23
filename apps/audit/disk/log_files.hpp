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
#include "messages/result.hpp"

namespace millrace::audit {

/// Where a frame begins: segment number in the high 32 bits, offset in the low 32.
using Place = std::uint64_t;

struct LogRecord {
  std::uint64_t lsn = 0;
  Place place = 0;
  std::string_view body;  ///< valid during the call only
};

/// Something that is wrong with the log.
struct Damage {
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t record = 0;
  std::string text;
};

/// What other files state about the log.
struct Witness {
  std::uint64_t replay_from = 1;  ///< of the checkpoint from which a start replays
  std::uint64_t durable = 0;      ///< records up to this were confirmed
  std::string stated_by{};        ///< name of the file that states `durable`
};

/// The part of the log that was read.
struct LogExtent {
  std::uint64_t first_lsn = 0;  ///< 0: there is no record
  std::uint64_t last_lsn = 0;
  std::uint64_t frames = 0;
  bool is_damaged = false;  ///< the records after last_lsn could not be read
  std::vector<Damage> damage{};
};

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
