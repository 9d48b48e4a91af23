// RecordBatch: records that a producer sent together, in format 2 of Kafka's batches, the only one that is
// read or written here. Checked, and not copied: records are views of the bytes that came.
//
//   base offset i64 | length i32 | leader epoch i32 | format i8 | CRC-32C u32 | attributes i16 |
//   last offset delta i32 | base timestamp i64 | max timestamp i64 | producer id i64 | epoch i16 |
//   base sequence i32 | count i32 | records
//
// `length` counts from the leader epoch on, the checksum covers all from the attributes on. The
// attributes say how the records are compressed; a record is described in record.cpp.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "cluster/kafka/records/codec.hpp"
#include "cluster/kafka/records/record.hpp"
#include "messages/result.hpp"

namespace millrace::kafka {

inline constexpr std::size_t batch_header_bytes = 61;
/// A batch's length does not count what stands before the leader epoch.
inline constexpr std::size_t batch_length_offset = 12;
/// Where the bytes begin that the checksum covers.
inline constexpr std::size_t batch_checked_offset = 21;
inline constexpr std::int8_t batch_format = 2;

struct BatchHeader {
  std::int64_t base_offset = 0;
  Codec codec = Codec::none;
  bool is_transactional = false;
  bool is_control = false;
  std::int64_t base_timestamp_ms = 0;
  std::int64_t max_timestamp_ms = -1;  ///< as the producer says; not compared with the records
  std::int64_t producer_id = -1;       ///< -1: the producer is not idempotent
  std::int16_t producer_epoch = -1;
  /// Of the first record among the producer's for this partition. The number after 2^31 - 1 is 0.
  std::int32_t base_sequence = -1;
  std::uint32_t count = 0;  ///< of records, > 0
};

/// Invariant: records() gives header.count valid records with offset deltas 0, 1, 2 ….
struct RecordBatch {
  BatchHeader header{};
  std::string_view bytes{};  ///< of the records, not compressed
  std::string_view
      packed{};  ///< the batch with its header, as it came; as valid as what was parsed
  /// Keeps `bytes` valid. The memory counts for the server's bounds until the last owner is gone.
  std::shared_ptr<const void> owner{};

  [[nodiscard]] RecordCursor records() const {
    return {bytes, header.count, header.base_timestamp_ms};
  }
};

/// Reads the header of the batch at the front of `bytes`, and checks it and the checksum. Fails with
/// `corrupt` (a length beyond `bytes`, or the checksum), `unsupported_version` (another format),
/// `invalid_argument` (anything else, by a text that names the field), `too_large` (bytes behind the
/// batch: a partition takes one batch in a request).
[[nodiscard]] Result<BatchHeader> parse_batch_header(std::string_view bytes);

/// Reads one batch and checks everything in it. Compressed records are unpacked, to at most
/// `unpacked_bytes_max` bytes, which then are their own owner; otherwise the batch shares `owner`.
/// REQUIRES: `owner` keeps `bytes` valid. Fails as parse_batch_header() and unpack().
[[nodiscard]] Result<RecordBatch> parse_batch(std::string_view bytes,
                                              const std::shared_ptr<const void>& owner,
                                              std::size_t unpacked_bytes_max);

/// How the records of the batch in `bytes` are compressed, before anything is checked.
[[nodiscard]] Codec codec_of(std::string_view bytes);

}  // namespace millrace::kafka
