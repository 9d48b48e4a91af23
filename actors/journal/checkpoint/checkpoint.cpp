#include "actors/journal/checkpoint/checkpoint.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "actors/journal/checkpoint/checkpoint_format.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

/// Numbers of all checkpoint files, highest first.
Result<std::vector<std::uint64_t>> checkpoint_numbers(const DataDirectory& directory) {
  const Result<std::vector<std::string>> names = directory.files().list(directory.path());
  if (!names) return names.error();
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const auto number = parse_checkpoint_name(name)) numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  return numbers;
}

FileSystem::Path unfinished(FileSystem::Path path) {
  path += unfinished_suffix;
  return path;
}

/// One attempt of write_checkpoint(). After a failure the file may still be there, unfinished or
/// under its final name.
Result<CheckpointFileInfo> write_once(const DataDirectory& directory, std::uint64_t number,
                                      const LogStart& start, const CheckpointFill& fill) {
  FileSystem& files = directory.files();
  const FileSystem::Path path = directory.checkpoint_path(number);
  Result<std::unique_ptr<File>> file =
      files.open(unfinished(path), OpenMode::create, Access::direct);
  if (!file) return file.error();
  CheckpointFileWriter writer{*std::move(file), number};
  if (Result<void> done = writer.begin(start); !done) return done.error();
  if (Result<void> done = fill(writer); !done) return done.error();
  if (Result<void> done = writer.finish(); !done) return done.error();
  if (Result<void> done = files.rename(unfinished(path), path); !done) return done.error();
  if (Result<void> done = files.sync_dir(directory.path()); !done) return done.error();
  return CheckpointFileInfo{number, start, writer.entries(), writer.bytes()};
}

/// Removes all checkpoints before `number` but the newest one.
Result<void> remove_old(const DataDirectory& directory, std::uint64_t number) {
  const Result<std::vector<std::uint64_t>> numbers = checkpoint_numbers(directory);
  if (!numbers) return numbers.error();
  bool is_kept = false;
  for (const std::uint64_t one : *numbers) {
    if (one >= number || !std::exchange(is_kept, true)) continue;
    if (Result<void> removed = directory.files().remove(directory.checkpoint_path(one)); !removed) {
      return removed;
    }
  }
  return {};
}

/// Removes what a failed attempt to write checkpoint `number` has left.
Result<void> remove_failed(const DataDirectory& directory, std::uint64_t number) {
  const FileSystem::Path path = directory.checkpoint_path(number);
  for (const FileSystem::Path& left : {unfinished(path), path}) {
    Result<void> removed = directory.files().remove(left);
    if (!removed && removed.error().code != ErrorCode::not_found) return removed;
  }
  return {};
}

/// Reads one checkpoint file from beginning to end and checks every byte that has a meaning.
class CheckpointReader {
 public:
  CheckpointReader(const DataDirectory& directory, std::uint64_t number)
      : files_(directory.files()), path_(directory.checkpoint_path(number)), number_(number) {}

  /// With an empty `visit` only checks. Fails with `corrupt`, `unsupported_version`,
  /// `storage_failed`, or the error of `visit`. Called once.
  Result<CheckpointFileInfo> run(const EntryVisitor& visit) {
    Result<std::unique_ptr<File>> file = files_.open(path_, OpenMode::read, Access::direct);
    if (!file) return file.error();
    file_ = *std::move(file);
    const Result<std::uint64_t> size = file_->size();
    if (!size) return size.error();
    Result<CheckpointFileInfo> info = read_header();
    if (!info) return info;
    bool last = false;
    for (std::uint32_t index = 0; !last; ++index) {
      const Result<ChunkHeader> chunk = read_chunk(index);
      if (!chunk) return chunk.error();
      last = (chunk->flags & chunk_is_last) != 0;
      if (Result<void> visited = visit_pieces(*chunk, visit); !visited) return visited.error();
      if (chunk->entries != entries_)
        return damaged("expected a chunk whose count of entries is " + std::to_string(entries_));
      offset_ += align_up(chunk_header_bytes + chunk->length, block_bytes);
    }
    if (!carried_.empty()) return damaged("expected another chunk with the rest of an entry");
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

  Result<CheckpointFileInfo> read_header() {
    const Result<std::string_view> block = read(block_bytes);
    if (!block) return block.error();
    const auto header = decode_checkpoint_header(*block);
    if (!header || header->number != number_) {
      return damaged("expected the header of checkpoint " + std::to_string(number_));
    }
    if (header->version > checkpoint_version) {
      return Error{ErrorCode::unsupported_version,
                   path_.string() + ": checkpoint format " + std::to_string(header->version) +
                       "; expected at most format " + std::to_string(checkpoint_version)};
    }
    offset_ = block_bytes;
    return CheckpointFileInfo{number_, header->start, 0, 0};
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
        // Bounds the memory that a damaged file can make this reader take.
        if (carried_.size() > checkpoint_entry_bytes_max) {
          return damaged("expected an entry of at most " +
                         std::to_string(checkpoint_entry_bytes_max) + " bytes");
        }
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
  std::string_view chunk_;     ///< bytes from `offset_` on, in `buffer_`
  std::string carried_;        ///< pieces so far of an entry that goes on in the next chunk
  std::uint64_t offset_ = 0;   ///< in the file, of the block or chunk being read
  std::uint64_t entries_ = 0;  ///< complete entries so far
};

}  // namespace

CheckpointFileWriter::CheckpointFileWriter(std::unique_ptr<File> file, std::uint64_t number)
    : file_(std::move(file)),
      number_(number),
      chunk_(chunk_bytes_max),
      filled_(chunk_header_bytes) {}

Result<void> CheckpointFileWriter::begin(const LogStart& start) {
  AlignedBuffer block{block_bytes};
  encode_checkpoint_header(block.data(), {checkpoint_version, number_, start});
  offset_ = block_bytes;
  return file_->write(0, block.view(0, block_bytes));
}

Result<void> CheckpointFileWriter::add(Section section, std::string_view bytes) {
  if (bytes.size() > checkpoint_entry_bytes_max) {
    return Error{ErrorCode::too_large,
                 "checkpoint entry of " + std::to_string(bytes.size()) + " bytes; at most " +
                     std::to_string(checkpoint_entry_bytes_max) + " are allowed"};
  }
  while (true) {
    if (filled_ + piece_header_bytes >= chunk_bytes_max) {
      if (Result<void> flushed = flush(false); !flushed) return flushed;
    }
    const std::size_t part = std::min(bytes.size(), chunk_bytes_max - filled_ - piece_header_bytes);
    const bool goes_on = part < bytes.size();
    encode_piece_header(chunk_.data() + filled_,
                        {section, static_cast<std::uint32_t>(part), goes_on ? piece_goes_on : 0});
    filled_ += piece_header_bytes;
    if (part > 0) std::memcpy(chunk_.data() + filled_, bytes.data(), part);
    filled_ += part;
    bytes.remove_prefix(part);
    if (!goes_on) break;
  }
  ++entries_;
  return {};
}

Result<void> CheckpointFileWriter::finish() {
  if (Result<void> flushed = flush(true); !flushed) return flushed;
  return file_->sync();
}

Result<void> CheckpointFileWriter::flush(bool last) {
  encode_chunk_header(chunk_.data(), {static_cast<std::uint32_t>(filled_ - chunk_header_bytes),
                                      number_, entries_, index_, last ? chunk_is_last : 0});
  const std::size_t padded = align_up(filled_, block_bytes);
  std::memset(chunk_.data() + filled_, 0, padded - filled_);
  if (Result<void> written = file_->write(offset_, chunk_.view(0, padded)); !written) {
    return written;
  }
  offset_ += padded;
  ++index_;
  filled_ = chunk_header_bytes;
  return {};
}

Result<CheckpointFileInfo> write_checkpoint(const DataDirectory& directory, std::uint64_t number,
                                            const LogStart& start, const CheckpointFill& fill) {
  Result<CheckpointFileInfo> written = write_once(directory, number, start, fill);
  if (!written && written.error().code == ErrorCode::storage_full) {
    if (Result<void> removed = remove_failed(directory, number); !removed) return removed.error();
    if (Result<void> removed = remove_old(directory, number); !removed) return removed.error();
    written = write_once(directory, number, start, fill);
  }
  if (!written) {
    // What is left does no harm. If it cannot be removed now, the next start or checkpoint does it.
    [[maybe_unused]] const Result<void> removed = remove_failed(directory, number);
    return written;
  }
  if (Result<void> removed = remove_old(directory, number); !removed) return removed.error();
  return written;
}

Result<Checkpoints> find_checkpoints(const DataDirectory& directory) {
  const Result<std::vector<std::uint64_t>> numbers = checkpoint_numbers(directory);
  if (!numbers) return numbers.error();
  Checkpoints found;
  if (!numbers->empty()) found.last_number = numbers->front();
  for (const std::uint64_t number : *numbers) {
    const Result<CheckpointFileInfo> info = CheckpointReader{directory, number}.run({});
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
  const Result<CheckpointFileInfo> read = CheckpointReader{directory, number}.run(visit);
  if (!read) return read.error();
  return {};
}

}  // namespace millrace::journal
