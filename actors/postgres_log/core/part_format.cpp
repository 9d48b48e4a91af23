#include "actors/postgres_log/core/part_format.hpp"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "actors/journal/checkpoint/checkpoint_format.hpp"

namespace millrace::postgres_log {

using journal::chunk_bytes_max;
using journal::chunk_header_bytes;
using journal::piece_header_bytes;

PartEncoder::PartEncoder(std::uint64_t checkpoint_number, PartVisitor on_part)
    : number_(checkpoint_number), on_part_(std::move(on_part)), part_(chunk_header_bytes, '\0') {}

Result<void> PartEncoder::add(logs::Section section, std::string_view bytes) {
  if (bytes.size() > logs::checkpoint_entry_bytes_max) {
    return Error{ErrorCode::too_large,
                 "checkpoint entry of " + std::to_string(bytes.size()) + " bytes; at most " +
                     std::to_string(logs::checkpoint_entry_bytes_max) + " are allowed"};
  }
  while (true) {
    if (part_.size() + piece_header_bytes >= chunk_bytes_max) {
      if (Result<void> flushed = flush(false); !flushed) return flushed;
    }
    const std::size_t room = chunk_bytes_max - part_.size() - piece_header_bytes;
    const std::size_t piece = std::min(bytes.size(), room);
    const bool goes_on = piece < bytes.size();
    const std::size_t at = part_.size();
    part_.resize(at + piece_header_bytes);
    journal::encode_piece_header(part_.data() + at, {section, static_cast<std::uint32_t>(piece),
                                                     goes_on ? journal::piece_goes_on : 0});
    part_.append(bytes.substr(0, piece));
    bytes.remove_prefix(piece);
    if (!goes_on) break;
  }
  ++entries_;
  return {};
}

Result<void> PartEncoder::flush(bool is_last) {
  journal::encode_chunk_header(
      part_.data(), {static_cast<std::uint32_t>(part_.size() - chunk_header_bytes), number_,
                     entries_, parts_, is_last ? journal::chunk_is_last : 0});
  if (Result<void> taken = on_part_(part_); !taken) return taken;
  bytes_ += part_.size();
  ++parts_;
  part_.resize(chunk_header_bytes);
  return {};
}

Error PartDecoder::damaged(const char* expected) const {
  return {ErrorCode::corrupt, "checkpoint " + std::to_string(number_) + ", part " +
                                  std::to_string(parts_) + ": expected " + expected};
}

Result<void> PartDecoder::add(std::string_view part, const logs::EntryVisitor& visit) {
  const auto chunk = journal::decode_chunk(part);
  if (!chunk || chunk->number != number_ || chunk->index != parts_ || has_last_) {
    return damaged("this part, intact");
  }
  const std::size_t end = chunk_header_bytes + chunk->length;
  if (end != part.size()) return damaged("the end of the part");
  std::size_t at = chunk_header_bytes;
  while (at < end) {
    if (end - at < piece_header_bytes) return damaged("whole entries");
    const journal::PieceHeader piece = journal::decode_piece_header(part.data() + at);
    at += piece_header_bytes;
    if (piece.length > end - at) return damaged("whole entries");
    std::string_view bytes = part.substr(at, piece.length);
    at += piece.length;
    const bool goes_on = (piece.flags & journal::piece_goes_on) != 0;
    if (goes_on || !carried_.empty()) {
      if (carried_.size() > logs::checkpoint_entry_bytes_max) return damaged("a shorter entry");
      carried_.append(bytes);
      bytes = carried_;
    }
    if (goes_on) continue;
    ++entries_;
    if (Result<void> visited = visit(piece.section, bytes); !visited) return visited;
    carried_.clear();
  }
  if (chunk->entries != entries_) return damaged("another count of entries");
  has_last_ = (chunk->flags & journal::chunk_is_last) != 0;
  ++parts_;
  return {};
}

Result<void> PartDecoder::finish() const {
  if (has_last_ && carried_.empty()) return {};
  return damaged("one more part");
}

}  // namespace millrace::postgres_log
