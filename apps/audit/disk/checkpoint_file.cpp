#include "apps/audit/disk/checkpoint_file.hpp"

#include <utility>

#include "apps/audit/disk/checksum.hpp"

namespace millrace::audit {
namespace {

constexpr std::string_view magic{"MILLCKP\0", 8};
constexpr std::uint32_t version_max = 1;
constexpr std::uint64_t chunk_bytes_max = 1U << 20;
constexpr std::uint64_t entry_bytes_max = 257U << 20;
constexpr std::size_t chunk_header_bytes = 32;
constexpr std::size_t piece_header_bytes = 12;

class Reader {
 public:
  Reader(const ReadFile& file, std::uint64_t number,
         const std::function<void(std::string_view)>& visit)
      : file_(file), visit_(visit) {
    out_.header.number = number;
  }

  Result<CheckpointRead> run() {
    const auto block = file_.read(0, block_bytes);
    if (!block) return block.error();
    const std::string_view at = *block;
    if (at.size() < 44 || at.substr(0, 8) != magic ||
        number_at<std::uint32_t>(at, 40) != crc32c(at.substr(0, 40)) ||
        number_at<std::uint64_t>(at, 16) != out_.header.number) {
      wrong("expected the header of checkpoint " + std::to_string(out_.header.number));
      return std::move(out_);
    }
    if (number_at<std::uint32_t>(at, 8) > version_max) {
      return Error{ErrorCode::unsupported_version, "a checkpoint of a later format"};
    }
    out_.header.replay_from = number_at<std::uint64_t>(at, 24);
    out_.header.durable = number_at<std::uint64_t>(at, 32);
    offset_ = block_bytes;
    for (std::uint32_t index = 0; !is_last_ && !out_.damage; ++index) {
      if (auto read = read_chunk(index); !read) return read.error();
    }
    if (!out_.damage && !carried_.empty()) wrong("expected the rest of an entry");
    return std::move(out_);
  }

 private:
  void wrong(std::string text) { out_.damage = {offset_, std::move(text)}; }

  Result<void> read_chunk(std::uint32_t index) {
    const auto bytes = file_.read(offset_, chunk_bytes_max);
    if (!bytes) return bytes.error();
    const std::string_view at = *bytes;
    const std::uint64_t length =
        at.size() < chunk_header_bytes ? 0 : number_at<std::uint32_t>(at, 4);
    if (at.size() < chunk_header_bytes || length > at.size() - chunk_header_bytes ||
        number_at<std::uint32_t>(at, 0) != crc32c(at.substr(4, chunk_header_bytes - 4 + length)) ||
        number_at<std::uint64_t>(at, 8) != out_.header.number ||
        number_at<std::uint32_t>(at, 24) != index) {
      wrong("expected chunk " + std::to_string(index) + ", intact");
      return {};
    }
    is_last_ = (number_at<std::uint32_t>(at, 28) & 1) != 0;
    read_pieces(at.substr(chunk_header_bytes, length));
    if (!out_.damage && number_at<std::uint64_t>(at, 16) != out_.entries) {
      wrong("expected " + std::to_string(out_.entries) + " entries up to this chunk");
    }
    offset_ += (chunk_header_bytes + length + block_bytes - 1) / block_bytes * block_bytes;
    return {};
  }

  void read_pieces(std::string_view at) {
    while (!at.empty()) {
      const std::uint64_t length =
          at.size() < piece_header_bytes ? at.size() : number_at<std::uint32_t>(at, 4);
      if (at.size() < piece_header_bytes || length > at.size() - piece_header_bytes ||
          carried_.size() > entry_bytes_max) {
        return wrong("expected whole entries");
      }
      const bool goes_on = (number_at<std::uint32_t>(at, 8) & 1) != 0;
      carried_.append(at.substr(piece_header_bytes, length));
      at.remove_prefix(piece_header_bytes + length);
      if (goes_on) continue;
      ++out_.entries;
      visit_(carried_);
      carried_.clear();
    }
  }

  const ReadFile& file_;
  const std::function<void(std::string_view)>& visit_;
  CheckpointRead out_;
  std::string carried_;  ///< the entry so far
  std::uint64_t offset_ = 0;
  bool is_last_ = false;
};

}  // namespace

Result<CheckpointRead> read_checkpoint(const DataFiles& files, std::uint64_t number,
                                       const std::function<void(std::string_view)>& visit) {
  const auto file = ReadFile::open(files.checkpoints.at(number));
  if (!file) return file.error();
  return Reader(*file, number, visit).run();
}

}  // namespace millrace::audit
