// Bytes of a checkpoint file. FROZEN as format 1 (docs/formats/journal.md). Little-endian.
//
//   file   = header block, chunk...            each begins at a multiple of block_bytes
//   chunk  = chunk header, piece..., zeros     the last chunk has chunk_is_last
//   piece  = piece header, bytes               an entry that spans chunks has a piece in each;
//                                              all of them but the last have piece_goes_on
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "actors/journal/read/log_scan.hpp"

namespace millrace::journal {

inline constexpr std::uint32_t checkpoint_version = 1;
inline constexpr std::size_t chunk_bytes_max = 1U << 20;  ///< header included
inline constexpr std::size_t chunk_header_bytes = 32;
inline constexpr std::size_t piece_header_bytes = 12;
inline constexpr std::uint32_t piece_goes_on = 1;
inline constexpr std::uint32_t chunk_is_last = 1;

/// The fields in the first block of the file.
struct CheckpointHeader {
  std::uint32_t version = checkpoint_version;
  std::uint64_t number = 0;  ///< the number in the name of the file
  LogStart start;
};

struct ChunkHeader {
  std::uint32_t length = 0;   ///< bytes of the pieces, with their headers
  std::uint64_t number = 0;   ///< of the checkpoint
  std::uint64_t entries = 0;  ///< entries that ended in this chunk or an earlier one
  std::uint32_t index = 0;    ///< of the chunk, from 0
  std::uint32_t flags = 0;    ///< chunk_is_last
};

struct PieceHeader {
  std::uint32_t section = 0;  ///< of the entry
  std::uint32_t length = 0;   ///< bytes of the piece, without this header
  std::uint32_t flags = 0;    ///< piece_goes_on
};

/// Writes block_bytes at `at`: the header, then zeros.
void encode_checkpoint_header(char* at, const CheckpointHeader& header);
/// Empty if `block` is too short, has no magic or fails the checksum.
[[nodiscard]] std::optional<CheckpointHeader> decode_checkpoint_header(std::string_view block);

/// Writes the header at `at` with the checksum of the whole chunk. REQUIRES: the pieces,
/// `header.length` bytes, already follow the room for the header.
void encode_chunk_header(char* at, const ChunkHeader& header);
/// The header of the chunk at the beginning of `bytes`; empty if the chunk is not complete there or
/// fails the checksum.
[[nodiscard]] std::optional<ChunkHeader> decode_chunk(std::string_view bytes);

void encode_piece_header(char* at, const PieceHeader& header);
[[nodiscard]] PieceHeader decode_piece_header(const char* at);

}  // namespace millrace::journal
