#include "actors/journal/disk/durable_point.hpp"

#include <array>
#include <string>
#include <string_view>

#include "actors/journal/format/format.hpp"

namespace millrace::journal {
namespace {

constexpr std::string_view magic{"MILLEND\0", 8};
constexpr std::uint32_t point_version = 1;
constexpr std::size_t point_bytes = 48;
constexpr int slots = 2;

constexpr std::uint64_t offset_of_slot(int slot) {
  return block_bytes * (1 + static_cast<std::uint64_t>(slot));
}

void encode(char* at, const DurablePoint& point) {
  std::memcpy(at, magic.data(), magic.size());
  put(at + 8, point_version);
  put(at + 12, point.segment);
  put(at + 16, point.count);
  put(at + 24, point.first_lsn);
  put(at + 32, point.durable);
  put(at + 44, crc32c({at, 44}));
}

std::optional<DurablePoint> decode(std::string_view slot) {
  const char* at = slot.data();
  if (slot.size() < point_bytes || slot.substr(0, 8) != magic ||
      get<std::uint32_t>(at + 44) != crc32c({at, 44})) {
    return std::nullopt;
  }
  return DurablePoint{get<SegmentNumber>(at + 12), get<Lsn>(at + 24), get<Lsn>(at + 32),
                      get<std::uint64_t>(at + 16)};
}

struct Found {
  std::optional<DurablePoint> point;
  int slot = slots - 1;  ///< of `point`
  std::uint64_t bytes = 0;
};

Result<Found> find_point(File& file, const FileSystem::Path& path) {
  Found found;
  const Result<std::uint64_t> bytes = file.size();
  if (!bytes) return bytes.error();
  found.bytes = *bytes;
  int damaged = 0;
  for (int slot = 0; slot < slots; ++slot) {
    std::array<char, block_bytes> block{};
    const Result<std::size_t> got = file.read(offset_of_slot(slot), block);
    if (!got) return got.error();
    const std::string_view read{block.data(), *got};
    const std::optional<DurablePoint> point = decode(read);
    if (!point && read.find_first_not_of('\0') != std::string_view::npos) ++damaged;
    if (!point || (found.point && point->count < found.point->count)) continue;
    found.point = point;
    found.slot = slot;
  }
  if (damaged == slots) {
    return Error{ErrorCode::corrupt, path.string() + ": offset " +
                                         std::to_string(offset_of_slot(0)) +
                                         ": expected an intact durable point in one of two slots"};
  }
  return found;
}

}  // namespace

Result<std::optional<DurablePoint>> read_durable_point(const DataDirectory& directory) {
  const FileSystem::Path path = directory.format_path();
  const auto file = directory.files().open(path, OpenMode::read, Access::buffered);
  if (!file) return file.error();
  const Result<Found> found = find_point(**file, path);
  if (!found) return found.error();
  return found->point;
}

std::string format_file(const DurablePoint& point) {
  std::string bytes = format_line();
  if (point.durable == 0) return bytes;
  bytes.resize(offset_of_slot(1), '\0');
  encode(bytes.data() + offset_of_slot(0), point);
  return bytes;
}

Result<std::unique_ptr<DurablePointWriter>> DurablePointWriter::open(
    const DataDirectory& directory) {
  const FileSystem::Path path = directory.format_path();
  auto file = directory.files().open(path, OpenMode::write, Access::buffered);
  if (!file) return file.error();
  const Result<Found> found = find_point(**file, path);
  if (!found) return found.error();
  return std::unique_ptr<DurablePointWriter>{
      new DurablePointWriter{*std::move(file), found->bytes, found->point ? found->point->count : 0,
                             (found->slot + 1) % slots}};
}

Result<void> DurablePointWriter::write(SegmentNumber segment, Lsn first_lsn, Lsn durable) {
  const std::lock_guard lock{mutex_};
  std::array<char, block_bytes> block{};
  encode(block.data(), {segment, first_lsn, durable, count_ + 1});
  const std::string_view bytes{block.data(), block.size()};
  const std::uint64_t offset = offset_of_slot(slot_);
  const bool is_longer = offset + block_bytes > bytes_;
  Result<void> written =
      is_longer ? file_->write(offset, bytes) : file_->write_durable(offset, bytes);
  if (written && is_longer) written = file_->sync();
  if (!written) {
    if (written.error().code == ErrorCode::storage_full) return {};
    return written;
  }
  if (is_longer) bytes_ = offset + block_bytes;
  ++count_;
  slot_ = (slot_ + 1) % slots;
  return {};
}

}  // namespace millrace::journal
