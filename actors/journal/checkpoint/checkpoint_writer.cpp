#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "actors/journal/checkpoint/checkpoint.hpp"
#include "actors/journal/checkpoint/checkpoint_format.hpp"
#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

FileSystem::Path unfinished(FileSystem::Path path) {
  path += unfinished_suffix;
  return path;
}

Result<CheckpointInfo> write_once(const DataDirectory& directory, std::uint64_t number,
                                  const LogStart& start, const CheckpointFill& fill) {
  FileSystem& files = directory.files();
  const FileSystem::Path path = directory.checkpoint_path(number);
  Result<std::unique_ptr<File>> file =
      files.open(unfinished(path), OpenMode::create, Access::direct);
  if (!file) return file.error();
  CheckpointWriter writer{*std::move(file), number};
  if (Result<void> done = writer.begin(start); !done) return done.error();
  if (Result<void> done = fill(writer); !done) return done.error();
  if (Result<void> done = writer.finish(); !done) return done.error();
  if (Result<void> done = files.rename(unfinished(path), path); !done) return done.error();
  if (Result<void> done = files.sync_dir(directory.path()); !done) return done.error();
  return CheckpointInfo{number, start, writer.entries(), writer.bytes()};
}

/// Removes checkpoints so that the newest `keep` stay.
Result<void> remove_old(const DataDirectory& directory, std::size_t keep) {
  const Result<std::vector<std::string>> names = directory.files().list(directory.path());
  if (!names) return names.error();
  std::vector<std::uint64_t> numbers;
  for (const std::string& name : *names) {
    if (const auto number = parse_checkpoint_name(name)) numbers.push_back(*number);
  }
  std::sort(numbers.rbegin(), numbers.rend());
  for (std::size_t i = keep; i < numbers.size(); ++i) {
    const FileSystem::Path path = directory.checkpoint_path(numbers[i]);
    if (Result<void> removed = directory.files().remove(path); !removed) return removed;
  }
  return {};
}

}  // namespace

CheckpointWriter::CheckpointWriter(std::unique_ptr<File> file, std::uint64_t number)
    : file_(std::move(file)),
      number_(number),
      chunk_(chunk_bytes_max),
      filled_(chunk_header_bytes) {}

Result<void> CheckpointWriter::begin(const LogStart& start) {
  AlignedBuffer block{block_bytes};
  encode_checkpoint_header(block.data(), {checkpoint_version, number_, start});
  offset_ = block_bytes;
  return file_->write(0, block.view(0, block_bytes));
}

Result<void> CheckpointWriter::add(Section section, std::string_view bytes) {
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

Result<void> CheckpointWriter::finish() {
  if (Result<void> flushed = flush(true); !flushed) return flushed;
  return file_->sync();
}

Result<void> CheckpointWriter::flush(bool last) {
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

Result<CheckpointInfo> write_checkpoint(const DataDirectory& directory, std::uint64_t number,
                                        const LogStart& start, const CheckpointFill& fill) {
  Result<CheckpointInfo> written = write_once(directory, number, start, fill);
  const FileSystem::Path leftover = unfinished(directory.checkpoint_path(number));
  if (!written && written.error().code == ErrorCode::storage_full) {
    if (Result<void> removed = directory.files().remove(leftover); !removed) return removed.error();
    if (Result<void> removed = remove_old(directory, 1); !removed) return removed.error();
    written = write_once(directory, number, start, fill);
  }
  if (!written) {
    // What is left of it is in nobody's way; the next start removes it if this fails too.
    [[maybe_unused]] const Result<void> removed = directory.files().remove(leftover);
    return written;
  }
  if (Result<void> removed = remove_old(directory, 2); !removed) return removed.error();
  return written;
}

}  // namespace millrace::journal
