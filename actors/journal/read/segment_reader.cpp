#include "actors/journal/read/segment_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace millrace::journal {
namespace {

/// Bytes of one read: enough to keep a disk busy, and little waste on a short log.
constexpr std::uint64_t load_step = 1U << 20;

}  // namespace

SegmentReader::SegmentReader(std::unique_ptr<File> file, FileSystem::Path path,
                             SegmentNumber number, std::uint64_t bytes, AlignedBuffer& buffer)
    : file_(std::move(file)),
      path_(std::move(path)),
      number_(number),
      bytes_(bytes),
      buffer_(&buffer) {
  buffer.reserve(align_up(bytes, block_bytes));
}

Result<SegmentReader> SegmentReader::open(const DataDirectory& directory, SegmentNumber number,
                                          AlignedBuffer& buffer) {
  FileSystem::Path path = directory.segment_path(number);
  Result<std::unique_ptr<File>> file = directory.files().open(path, OpenMode::read, Access::direct);
  if (!file) return file.error();
  const Result<std::uint64_t> bytes = (*file)->size();
  if (!bytes) return bytes.error();
  // A file gets its name when it has its full length, so a crash cannot leave it shorter.
  if (*bytes == 0 || *bytes % block_bytes != 0) {
    return Error{ErrorCode::corrupt,
                 path.string() + ": offset " + std::to_string(*bytes) +
                     ": the file ends here; expected whole blocks of 4096 bytes"};
  }
  return SegmentReader{*std::move(file), std::move(path), number, *bytes, buffer};
}

Result<void> SegmentReader::load(std::uint64_t end) {
  if (end <= loaded_) return {};
  // A caller that only needs the header loads one block.
  const std::uint64_t step = end <= block_bytes ? block_bytes : load_step;
  const std::uint64_t wanted = std::min(align_up(end, step), bytes_);
  const std::span<char> into{buffer_->data() + loaded_, wanted - loaded_};
  const Result<std::size_t> got = file_->read(loaded_, into);
  if (!got) return got.error();
  if (*got != into.size()) {
    return Error{ErrorCode::storage_failed, path_.string() + ": offset " +
                                                std::to_string(loaded_ + *got) +
                                                ": the file shrank while it was read"};
  }
  loaded_ = wanted;
  return {};
}

Result<std::optional<SegmentHeader>> SegmentReader::header() {
  if (Result<void> done = load(block_bytes); !done) return done.error();
  const std::optional<SegmentHeader> header = decode_segment_header(buffer_->view(0, block_bytes));
  if (!header) return header;
  if (header->version > segment_version) {
    return Error{ErrorCode::unsupported_version,
                 path_.string() + ": segment format " + std::to_string(header->version) +
                     "; expected at most format " + std::to_string(segment_version)};
  }
  // A recycled segment that was not opened again still has the header of its former number.
  if (header->segment != number_) return std::optional<SegmentHeader>{};
  if (header->segment_bytes != bytes_) {
    return Error{ErrorCode::corrupt, path_.string() + ": offset " + std::to_string(bytes_) +
                                         ": the file ends here; expected " +
                                         std::to_string(header->segment_bytes) + " bytes"};
  }
  return header;
}

Result<std::optional<FrameHeader>> SegmentReader::frame_at(std::uint64_t offset) {
  constexpr std::optional<FrameHeader> none;
  if (offset + frame_header_bytes > bytes_) return none;
  if (Result<void> done = load(offset + frame_header_bytes); !done) return done.error();
  const char* at = buffer_->data() + offset;
  const FrameHeader frame = decode_frame_header(at);
  if (frame.segment != number_ || frame.offset != offset || frame.lsn == 0 ||
      frame.length > bytes_ - offset - frame_header_bytes) {
    return none;
  }
  if (Result<void> done = load(offset + frame_header_bytes + frame.length); !done) {
    return done.error();
  }
  if (!frame_intact(at, frame)) return none;
  return std::optional{frame};
}

std::string_view SegmentReader::body(const FrameHeader& frame) const {
  return buffer_->view(frame.offset + frame_header_bytes, frame.length);
}

std::uint64_t next_offset(const FrameHeader& frame) {
  const std::uint64_t end = std::uint64_t{frame.offset} + frame_header_bytes + frame.length;
  return align_up(end, (frame.flags & flag_group_end) != 0 ? block_bytes : frame_align);
}

}  // namespace millrace::journal
