#include "actors/journal/checkpoint/checkpoint_format.hpp"

#include <cstring>

#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

constexpr std::string_view checkpoint_magic{"MILLCKP\0", 8};
constexpr std::size_t checkpoint_header_bytes = 44;

}  // namespace

void encode_checkpoint_header(char* at, const CheckpointHeader& header) {
  std::memset(at, 0, block_bytes);
  std::memcpy(at, checkpoint_magic.data(), checkpoint_magic.size());
  put(at + 8, header.version);
  put(at + 16, header.number);
  put(at + 24, header.start.replay_from);
  put(at + 32, header.start.last_durable);
  put(at + 40, crc32c({at, 40}));
}

std::optional<CheckpointHeader> decode_checkpoint_header(std::string_view block) {
  if (block.size() < checkpoint_header_bytes) return std::nullopt;
  const char* at = block.data();
  if (block.substr(0, 8) != checkpoint_magic) return std::nullopt;
  if (get<std::uint32_t>(at + 40) != crc32c({at, 40})) return std::nullopt;
  CheckpointHeader header;
  header.version = get<std::uint32_t>(at + 8);
  header.number = get<std::uint64_t>(at + 16);
  header.start.replay_from = get<Lsn>(at + 24);
  header.start.last_durable = get<Lsn>(at + 32);
  return header;
}

void encode_chunk_header(char* at, const ChunkHeader& header) {
  put(at + 4, header.length);
  put(at + 8, header.number);
  put(at + 16, header.entries);
  put(at + 24, header.index);
  put(at + 28, header.flags);
  put(at, crc32c({at + 4, chunk_header_bytes - 4 + header.length}));
}

std::optional<ChunkHeader> decode_chunk(std::string_view bytes) {
  if (bytes.size() < chunk_header_bytes) return std::nullopt;
  const char* at = bytes.data();
  ChunkHeader header;
  header.length = get<std::uint32_t>(at + 4);
  header.number = get<std::uint64_t>(at + 8);
  header.entries = get<std::uint64_t>(at + 16);
  header.index = get<std::uint32_t>(at + 24);
  header.flags = get<std::uint32_t>(at + 28);
  if (header.length > bytes.size() - chunk_header_bytes) return std::nullopt;
  const std::size_t covered = chunk_header_bytes - 4 + header.length;
  if (get<std::uint32_t>(at) != crc32c(bytes.substr(4, covered))) return std::nullopt;
  return header;
}

void encode_piece_header(char* at, const PieceHeader& header) {
  put(at, header.section);
  put(at + 4, header.length);
  put(at + 8, header.flags);
}

PieceHeader decode_piece_header(const char* at) {
  return {get<std::uint32_t>(at), get<std::uint32_t>(at + 4), get<std::uint32_t>(at + 8)};
}

}  // namespace millrace::journal
