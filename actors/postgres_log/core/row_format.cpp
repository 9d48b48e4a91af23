#include "actors/postgres_log/core/row_format.hpp"

#include <cstddef>

#include "actors/base/assert.hpp"

namespace millrace::postgres_log {
namespace {

Error damaged(const Row& row, Lsn lsn, const char* expected) {
  return {ErrorCode::corrupt, "segment " + std::to_string(row.segment) + ", record " +
                                  std::to_string(lsn) + ": expected " + expected};
}

// Checks the frame at `at` of the row, which is that of record `lsn`.
Result<journal::FrameHeader> check_frame(const Row& row, std::size_t at, Lsn lsn) {
  const std::string_view rest = row.frames.substr(at);
  if (rest.size() < journal::frame_header_bytes) return damaged(row, lsn, "a whole frame");
  const journal::FrameHeader header = journal::decode_frame_header(rest.data());
  if (header.length > rest.size() || frame_bytes(header.length) > rest.size()) {
    return damaged(row, lsn, "a whole frame");
  }
  if (!journal::frame_intact(rest.data(), header)) {
    return damaged(row, lsn, "a frame with the right checksum");
  }
  const bool is_last = lsn + 1 == row.lsn + row.count;
  const std::uint32_t flags = is_last ? journal::flag_group_end : 0;
  if (header.lsn != lsn || header.segment != row.segment || header.offset >= lsn ||
      header.flags != flags) {
    return damaged(row, lsn, "the frame of this record");
  }
  return header;
}

}  // namespace

void encode_row(std::span<logs::Committed> records, const RowPlace& place, Lsn durable,
                std::string& out) {
  MILLRACE_ASSERT(!records.empty() && place.segment_first_lsn <= place.lsn);
  std::size_t bytes = 0;
  for (const logs::Committed& record : records) bytes += frame_bytes(record.proposal->body.size());
  out.resize(bytes);
  journal::FrameHeader header;
  header.durable = durable;
  header.segment = place.segment;
  std::size_t at = 0;
  Lsn lsn = place.lsn;
  for (logs::Committed& record : records) {
    std::string& body = record.proposal->body;
    header.length = static_cast<std::uint32_t>(body.size());
    header.lsn = lsn;
    header.offset = static_cast<std::uint32_t>(lsn - place.segment_first_lsn);
    header.shard = record.proposal->shard;
    header.flags = &record == &records.back() ? journal::flag_group_end : 0;
    at += journal::encode_frame(out.data() + at, header, body);
    record.lsn = lsn++;
    record.place = logs::make_place(place.segment, header.offset);
    body.clear();
  }
}

std::optional<RowHead> decode_row_head(std::string_view bytes) {
  if (bytes.size() < journal::frame_header_bytes) return std::nullopt;
  const journal::FrameHeader header = journal::decode_frame_header(bytes.data());
  return RowHead{header.lsn, header.durable, header.segment, header.lsn - header.offset};
}

Result<void> visit_row(const Row& row, Lsn from, const FrameVisitor& visit) {
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < row.count; ++i) {
    const Result<journal::FrameHeader> header = check_frame(row, at, row.lsn + i);
    if (!header) return header.error();
    at += frame_bytes(header->length);
  }
  if (at != row.frames.size() || row.count == 0) {
    return damaged(row, row.lsn + row.count, "the end of the row");
  }
  at = 0;
  for (std::uint32_t i = 0; i < row.count; ++i) {
    const journal::FrameHeader header = journal::decode_frame_header(row.frames.data() + at);
    if (header.lsn >= from) {
      const auto visited =
          visit({header.lsn, logs::make_place(row.segment, header.offset), header.shard,
                 row.frames.substr(at + journal::frame_header_bytes, header.length)});
      if (!visited) return visited;
    }
    at += frame_bytes(header.length);
  }
  return {};
}

}  // namespace millrace::postgres_log
