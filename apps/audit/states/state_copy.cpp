#include "apps/audit/states/state_copy.hpp"

#include <memory>
#include <optional>
#include <string_view>
#include <system_error>

#include <rocksdb/db.h>
#include <rocksdb/options.h>

namespace millrace::audit {
namespace {

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8) | static_cast<unsigned char>(byte);
  return number;
}

// 'k', the queue, the key with its zeros escaped, 'b' or 'h' and a record or 'a'.
std::optional<StateItem> parse_key(std::string_view bytes, char& kind) {
  constexpr std::size_t head = 5;
  if (bytes.size() < head) return std::nullopt;
  StateItem item;
  item.queue = static_cast<std::uint32_t>(big_endian(bytes.substr(1, 4)));
  std::size_t at = head;
  for (; at + 1 < bytes.size(); ++at) {
    if (bytes[at] != '\0') {
      item.key.push_back(bytes[at]);
    } else if (bytes[++at] == '\1') {
      break;
    } else {
      item.key.push_back('\0');
    }
  }
  if (at + 1 >= bytes.size()) return std::nullopt;
  kind = bytes[at + 1];
  const std::string_view rest = bytes.substr(at + 2);
  item.is_history = kind == 'h';
  if (rest.size() != (item.is_history ? 8U : 0U)) return std::nullopt;
  item.lsn = big_endian(rest);
  return item;
}

}  // namespace

std::string state_copy_name(std::uint64_t number) {
  const std::string digits = std::to_string(number);
  return std::string(20 - digits.size(), '0') + digits;
}

std::string read_state_copy(const std::filesystem::path& directory, std::uint64_t id,
                            const StateVisitor& visit) {
  std::error_code failure;
  if (!std::filesystem::is_directory(directory, failure)) return "is not there";
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::OpenForReadOnly(rocksdb::Options(), directory.string(), &opened);
  const std::unique_ptr<rocksdb::DB> db(opened);
  if (!status.ok()) return "cannot be read: " + status.ToString();
  std::string bytes;
  if (!db->Get({}, "mid", &bytes).ok() || bytes.size() != 8 || big_endian(bytes) != id) {
    return "belongs to another checkpoint";
  }
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> it(db->NewIterator(options));
  for (it->Seek("k"); it->Valid() && it->key()[0] == 'k'; it->Next()) {
    char kind = 0;
    const auto item = parse_key({it->key().data(), it->key().size()}, kind);
    if (!item || (kind != 'b' && kind != 'h' && kind != 'a')) {
      return "has an item of an unknown form";
    }
    if (kind != 'a') visit(*item, {it->value().data(), it->value().size()});
  }
  if (!it->status().ok()) return "cannot be read: " + it->status().ToString();
  return {};
}

}  // namespace millrace::audit
