#include "apps/audit/disk/checkpoint_file.hpp"

#include <utility>

#include "apps/audit/format/checksum.hpp"
#include "apps/audit/format/chunk_reader.hpp"
#include "apps/audit/format/frame.hpp"

namespace millrace::audit {
namespace {

constexpr std::string_view checkpoint_magic{"MILLCKP\0", 8};
constexpr std::uint32_t version_max = 1;

class Reader {
 public:
  Reader(const ReadFile& file, std::uint64_t number,
         const std::function<void(std::string_view)>& visit)
      : file_(file), chunks_(number, visit) {
    out_.header.number = number;
  }

  Result<CheckpointRead> run() {
    const auto block = file_.read(0, block_bytes);
    if (!block) return block.error();
    const std::string_view at = *block;
    if (at.size() < 44 || at.substr(0, 8) != checkpoint_magic ||
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
    while (!chunks_.is_last() && !out_.damage) {
      const auto bytes = file_.read(offset_, chunk_bytes_max);
      if (!bytes) return bytes.error();
      if (std::string text = chunks_.add(*bytes); !text.empty()) {
        wrong(std::move(text));
      } else {
        offset_ += round_up(chunks_.last_bytes(), block_bytes);
      }
    }
    out_.entries = chunks_.entries();
    if (!out_.damage) {
      if (std::string text = chunks_.finish(); !text.empty()) wrong(std::move(text));
    }
    return std::move(out_);
  }

 private:
  void wrong(std::string text) { out_.damage = {offset_, std::move(text)}; }

  const ReadFile& file_;
  ChunkReader chunks_;
  CheckpointRead out_;
  std::uint64_t offset_ = 0;
};

}  // namespace

Result<CheckpointRead> read_checkpoint(const DataFiles& files, std::uint64_t number,
                                       const std::function<void(std::string_view)>& visit) {
  const auto file = ReadFile::open(files.checkpoints.at(number));
  if (!file) return file.error();
  return Reader(*file, number, visit).run();
}

}  // namespace millrace::audit
