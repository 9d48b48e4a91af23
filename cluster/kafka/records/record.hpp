// Record: one message of a batch, as views of the batch's bytes; and the cursors over records and over
// their headers, which decode as they go.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace millrace::kafka {

struct RecordHeader {
  std::string_view key{};
  std::optional<std::string_view> value{};

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

/// Takes the headers of a record, one after the other.
class HeaderCursor {
 public:
  HeaderCursor() = default;
  HeaderCursor(std::string_view bytes, std::uint32_t count) : rest_(bytes), left_(count) {}

  /// The next header; nullopt: none is left, or, with is_damaged(), the bytes are no header.
  [[nodiscard]] std::optional<RecordHeader> next();
  [[nodiscard]] std::uint32_t left() const { return left_; }
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }
  /// Bytes behind the last header that was taken.
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_{};
  std::uint32_t left_ = 0;
  bool is_damaged_ = false;
};

struct Record {
  std::int32_t offset_delta = 0;   ///< from the base offset of the batch
  std::int64_t timestamp_ms = -1;  ///< since 1970-01-01 UTC; -1: none
  std::optional<std::string_view> key{};
  std::optional<std::string_view> value{};
  HeaderCursor headers{};
};

/// Takes the records of a batch, one after the other. Never reads beyond `bytes`.
class RecordCursor {
 public:
  RecordCursor() = default;
  /// `bytes` of `count` records, not compressed.
  RecordCursor(std::string_view bytes, std::uint32_t count, std::int64_t base_timestamp_ms)
      : rest_(bytes), left_(count), base_timestamp_ms_(base_timestamp_ms) {}

  /// The next record; nullopt: none is left, or, with is_damaged(), the bytes are no record. The headers
  /// of a record are not checked.
  [[nodiscard]] std::optional<Record> next();
  [[nodiscard]] std::uint32_t left() const { return left_; }
  [[nodiscard]] bool is_damaged() const { return is_damaged_; }
  /// Bytes behind the last record that was taken.
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_{};
  std::uint32_t left_ = 0;
  std::int64_t base_timestamp_ms_ = 0;
  bool is_damaged_ = false;
};

}  // namespace millrace::kafka
