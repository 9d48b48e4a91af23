#include <tuple>

#include <snappy.h>

#include "cluster/kafka/records/unpack.hpp"
#include "cluster/kafka/wire/reader.hpp"

namespace millrace::kafka {
namespace {

// xerial's framing: this, a version and the oldest version that can read it, 32 bits each; then blocks,
// each behind its length in 32 bits.
constexpr std::string_view xerial_magic{"\x82SNAPPY\0", 8};
constexpr std::size_t xerial_versions_bytes = 8;
/// Three bytes of a block stand for 64 at most.
constexpr std::size_t ratio_max = 22;

Result<void> append_block(std::string_view block, std::size_t bytes_max, std::string& output) {
  std::size_t length = 0;
  if (!snappy::GetUncompressedLength(block.data(), block.size(), &length) ||
      length > block.size() * ratio_max) {
    return Error{ErrorCode::corrupt, "snappy: a block states a length that it cannot have"};
  }
  if (length > bytes_max - output.size()) return too_much_unpacked("snappy", bytes_max);
  const std::size_t before = output.size();
  output.resize(before + length);
  if (!snappy::RawUncompress(block.data(), block.size(), output.data() + before)) {
    return Error{ErrorCode::corrupt, "snappy: a block is damaged"};
  }
  return {};
}

}  // namespace

Result<std::string> unpack_snappy(std::string_view packed, std::size_t bytes_max) {
  std::string output;
  if (!packed.starts_with(xerial_magic)) {
    if (auto appended = append_block(packed, bytes_max, output); !appended) return appended.error();
    return output;
  }
  Reader reader(packed.substr(xerial_magic.size()));
  std::ignore = reader.raw(xerial_versions_bytes, "snappy: versions");
  while (reader.left() > 0) {
    const std::uint32_t length = reader.uint32("snappy: length of a block");
    const std::string_view block = reader.raw(length, "snappy: block");
    if (reader.has_failed()) break;
    if (auto appended = append_block(block, bytes_max, output); !appended) return appended.error();
  }
  if (auto status = reader.status(); !status) {
    return Error{ErrorCode::corrupt, status.error().message};
  }
  return output;
}

}  // namespace millrace::kafka
