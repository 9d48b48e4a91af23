// BatchBuilder: builds the record batch that a consumer gets, or that a producer sends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "cluster/kafka/records/record.hpp"

namespace millrace::kafka {

/// The numbers that an idempotent producer gives to a batch, as in BatchHeader.
struct BatchProducer {
  std::int64_t id = -1;
  std::int16_t epoch = -1;
  std::int32_t base_sequence = -1;
};

/// Appends each record once, at its final place. Offsets may have gaps.
class BatchBuilder {
 public:
  /// The batch has at most `bytes_max` bytes, but for its first record, which may be larger.
  explicit BatchBuilder(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Appends a record. False if there is no room for it, or its offset is 2^31 or more above the first:
  /// nothing is appended then. REQUIRES: `offset` is above the one before.
  [[nodiscard]] bool add(std::int64_t offset, std::int64_t timestamp_ms,
                         std::optional<std::string_view> key, std::optional<std::string_view> value,
                         std::span<const RecordHeader> headers = {});

  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  /// The offset behind the last record. REQUIRES: count() > 0.
  [[nodiscard]] std::int64_t next_offset() const { return base_offset_ + last_delta_ + 1; }

  /// The batch; empty if it has no record. The builder is empty afterwards.
  [[nodiscard]] std::string finish(const BatchProducer& producer = {});

 private:
  const std::size_t bytes_max_;
  std::string bytes_{};  ///< room for the header, then records
  std::uint32_t count_ = 0;
  std::int64_t base_offset_ = 0;
  std::int64_t last_delta_ = 0;  ///< of offsets, of the last record
  std::int64_t base_timestamp_ms_ = 0;
  std::int64_t max_timestamp_ms_ = 0;
};

}  // namespace millrace::kafka
