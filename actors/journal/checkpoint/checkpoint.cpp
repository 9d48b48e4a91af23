#include "actors/journal/checkpoint/checkpoint.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "actors/journal/checkpoint/checkpoint_format.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

/// Goes through one checkpoint file, checking everything on the way.
class Reader {
 public:
  Reader(const DataDirectory& directory, std::uint64_t number)
      : files_(directory.files()), path_(directory.checkpoint_path(number)), number_(number) {}

  /// `visit` may be empty, to check only. Fails with `corrupt`, `unsupported_version`.
  Result<CheckpointInfo> run(const EntryVisitor& visit) {
    Result<std::unique_ptr<File>> file = files_.open(path_, OpenMode::read, Access::direct);
    if (!file) return file.error();
    file_ = *std::move(file);
    const Result<std::uint64_t> size = file_->size();
    if (!size) return size.error();
    Result<CheckpointInfo> info = read_header();
    if (!info) return info;
    bool last = false;
    for (std::uint32_t index = 0; !last; ++index) {
      const Result<ChunkHeader> chunk = read_chunk(index);
      if (!chunk) return chunk.error();
      last = (chunk->flags & chunk_is_last) != 0;
      if (Result<void> visited = visit_pieces(*chunk, visit); !visited) return visited.error();
      if (chunk->entries != entries_) return damaged("expected the count of its entries to match");
      offset_ += align_up(chunk_header_bytes + chunk->length, block_bytes);
    }
    if (!carried_.empty()) return damaged("expected the rest of an entry");
    info->entries = entries_;
    info->bytes = *size;
    return info;
  }

 private:
  [[nodiscard]] Error damaged(const std::string& expected) const {
    return Error{ErrorCode::corrupt,
                 path_.string() + ": offset " + std::to_string(offset_) + ": " + expected};
  }

  Result<std::string_view> read(std::size_t bytes) {
    const Result<std::size_t> got = file_->read(offset_, {buffer_.data(), bytes});
    if (!got) return got.error();
    return buffer_.view(0, *got);
  }

  Result<CheckpointInfo> read_header() {
    const Result<std::string_view> block = read(block_bytes);
    if (!block) return block.error();
    const auto header = decode_checkpoint_header(*block);
    if (!header || header->number != number_) {
      return damaged("expected the header of checkpoint " + std::to_string(number_));
    }
    if (header->version > checkpoint_version) {
      return Error{ErrorCode::unsupported_version, path_.string() + ": checkpoint format " +
                                                       std::to_string(header->version) +
                                                       ", but this program knows formats up to " +
                                                       std::to_string(checkpoint_version)};
    }
    offset_ = block_bytes;
    return CheckpointInfo{number_, header->start, 0, 0};
  }

  Result<ChunkHeader> read_chunk(std::uint32_t index) {
    const Result<std::string_view> bytes = read(chunk_bytes_max);
    if (!bytes) return bytes.error();
    chunk_ = *bytes;
    const auto chunk = decode_chunk(chunk_);
    if (!chunk || chunk->number != number_ || chunk->index != index) {
      return damaged("expected chunk " + std::to_string(index) + " of the checkpoint, intact");
    }
    return *chunk;
  }

  Result<void> visit_pieces(const ChunkHeader& chunk, const EntryVisitor& visit) {
    const std::size_t end = chunk_header_bytes + chunk.length;
    std::size_t at = chunk_header_bytes;
    while (at < end) {
      if (end - at < piece_header_bytes) return damaged("expected whole entries in the chunk");
      const PieceHeader piece = decode_piece_header(chunk_.data() + at);
      at += piece_header_bytes;
      if (piece.length > end - at) return damaged("expected whole entries in the chunk");
      std::string_view bytes = chunk_.substr(at, piece.length);
      at += piece.length;
      if ((piece.flags & piece_goes_on) != 0) {
        // The bound of an entry is also that of what a damaged file can make us keep.
        if (carried_.size() > checkpoint_entry_bytes_max)
          return damaged("expected a smaller entry");
        carried_.append(bytes);
        continue;
      }
      if (!carried_.empty()) {
        carried_.append(bytes);
        bytes = carried_;
      }
      ++entries_;
      if (visit) {
        if (Result<void> visited = visit(piece.section, bytes); !visited) return visited;
      }
      carried_.clear();
    }
    return {};
  }

  FileSystem& files_;
  FileSystem::Path path_;
  std::uint64_t number_;
  std::unique_ptr<File> file_;
  AlignedBuffer buffer_{chunk_bytes_max};
  std::string_view chunk_;
  std::string carried_;  ///< beginning of an entry that goes on
  std::uint64_t offset_ = 0;
  std::uint64_t entries_ = 0;
};

}  // namespace

Result<Checkpoints> find_checkpoints(const DataDirectory& directory) {
  const Result<std::vector<std::string>> names = directory.files().list(directory.path());
  if (!names) return names.error();
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const auto number = parse_checkpoint_name(name)) numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  Checkpoints found;
  if (!numbers.empty()) found.last_number = numbers.front();
  for (const std::uint64_t number : numbers) {
    const Result<CheckpointInfo> info = Reader{directory, number}.run({});
    if (info) {
      found.newest = *info;
      break;
    }
    if (info.error().code != ErrorCode::corrupt) return info.error();
    found.damaged.push_back(info.error());
  }
  return found;
}

Result<void> read_checkpoint(const DataDirectory& directory, std::uint64_t number,
                             const EntryVisitor& visit) {
  const Result<CheckpointInfo> read = Reader{directory, number}.run(visit);
  if (!read) return read.error();
  return {};
}

}  // namespace millrace::journal
