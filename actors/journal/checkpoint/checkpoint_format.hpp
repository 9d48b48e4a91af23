// Bytes of a checkpoint file. FROZEN as format 1 (docs/formats/journal.md). Little-endian.
//
//   file   = header block, chunk..., each beginning at a block
//   chunk  = chunk header, entry pieces; the last one is flagged
//   piece  = section u32, length u32, flags u32 (1: the entry goes on in the next chunk), bytes
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

inline constexpr std::uint32_t checkpoint_version = 1;
inline constexpr std::size_t chunk_bytes_max = 1U << 20;
inline constexpr std::size_t chunk_header_bytes = 32;
inline constexpr std::size_t piece_header_bytes = 12;
inline constexpr std::uint32_t piece_goes_on = 1;
inline constexpr std::uint32_t chunk_is_last = 1;

struct CheckpointHeader {
  std::uint32_t version = checkpoint_version;
  std::uint64_t number = 0;
  LogStart start;
};

struct ChunkHeader {
  std::uint32_t length = 0;   ///< bytes of the pieces
  std::uint64_t number = 0;   ///< of the checkpoint
  std::uint64_t entries = 0;  ///< entries that ended in this chunk or an earlier one
  std::uint32_t index = 0;    ///< of the chunk, from 0
  std::uint32_t flags = 0;
};

struct PieceHeader {
  std::uint32_t section = 0;
  std::uint32_t length = 0;
  std::uint32_t flags = 0;
};

/// Fills a block.
void encode_checkpoint_header(char* at, const CheckpointHeader& header);
[[nodiscard]] std::optional<CheckpointHeader> decode_checkpoint_header(std::string_view block);

/// Seals a chunk whose pieces are in place behind the room for its header.
void encode_chunk_header(char* at, const ChunkHeader& header);
/// The header of the chunk at the beginning of `bytes`, or nothing if it fails its check.
[[nodiscard]] std::optional<ChunkHeader> decode_chunk(std::string_view bytes);

void encode_piece_header(char* at, const PieceHeader& header);
[[nodiscard]] PieceHeader decode_piece_header(const char* at);

}  // namespace millrace::journal
