#include "apps/audit/format/chunk_reader.hpp"

#include "apps/audit/format/checksum.hpp"

namespace millrace::audit {
namespace {

constexpr std::uint64_t entry_bytes_max = 257U << 20;
constexpr std::size_t chunk_header_bytes = 32;
constexpr std::size_t piece_header_bytes = 12;

}  // namespace

std::string ChunkReader::add(std::string_view bytes) {
  const std::uint64_t length =
      bytes.size() < chunk_header_bytes ? 0 : number_at<std::uint32_t>(bytes, 4);
  if (is_last_ || bytes.size() < chunk_header_bytes || length > bytes.size() - chunk_header_bytes ||
      number_at<std::uint32_t>(bytes, 0) !=
          crc32c(bytes.substr(4, chunk_header_bytes - 4 + length)) ||
      number_at<std::uint64_t>(bytes, 8) != number_ ||
      number_at<std::uint32_t>(bytes, 24) != index_) {
    return "expected chunk " + std::to_string(index_) + ", intact";
  }
  is_last_ = (number_at<std::uint32_t>(bytes, 28) & 1) != 0;
  if (std::string wrong = read_pieces(bytes.substr(chunk_header_bytes, length)); !wrong.empty()) {
    return wrong;
  }
  if (number_at<std::uint64_t>(bytes, 16) != entries_) {
    return "expected " + std::to_string(entries_) + " entries up to this chunk";
  }
  ++index_;
  last_bytes_ = chunk_header_bytes + length;
  return {};
}

std::string ChunkReader::read_pieces(std::string_view at) {
  while (!at.empty()) {
    const std::uint64_t length =
        at.size() < piece_header_bytes ? at.size() : number_at<std::uint32_t>(at, 4);
    if (at.size() < piece_header_bytes || length > at.size() - piece_header_bytes ||
        carried_.size() > entry_bytes_max) {
      return "expected whole entries";
    }
    const bool goes_on = (number_at<std::uint32_t>(at, 8) & 1) != 0;
    carried_.append(at.substr(piece_header_bytes, length));
    at.remove_prefix(piece_header_bytes + length);
    if (goes_on) continue;
    ++entries_;
    visit_(carried_);
    carried_.clear();
  }
  return {};
}

std::string ChunkReader::finish() const {
  if (!is_last_) return "expected chunk " + std::to_string(index_) + ", intact";
  return carried_.empty() ? std::string{} : "expected the rest of an entry";
}

}  // namespace millrace::audit
