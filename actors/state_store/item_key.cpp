#include "actors/state_store/item_key.hpp"

namespace millrace::states {
namespace {

constexpr std::size_t queue_bytes = 4;
constexpr std::size_t lsn_bytes = 8;

template <class Number>
void append_number(std::string& to, Number number) {
  for (std::size_t i = sizeof number; i-- > 0;) {
    to.push_back(static_cast<char>(static_cast<unsigned char>(number >> (8 * i))));
  }
}

std::uint64_t number_at(std::string_view bytes) {
  std::uint64_t number = 0;
  for (const char byte : bytes) number = (number << 8) | static_cast<unsigned char>(byte);
  return number;
}

std::string prefix(char kind, std::uint32_t queue) {
  std::string out(1, kind);
  append_number(out, queue);
  return out;
}

}  // namespace

std::string queue_prefix(std::uint32_t queue) {
  return prefix('k', queue);
}

std::string key_prefix(std::uint32_t queue, std::string_view key) {
  std::string out = queue_prefix(queue);
  for (const char byte : key) {
    out.push_back(byte);
    if (byte == 0) out.push_back('\xff');
  }
  out.push_back('\0');
  out.push_back('\1');
  return out;
}

std::string age_item(std::uint32_t queue, std::string_view key) {
  return key_prefix(queue, key) + 'a';
}

std::string value_item(std::uint32_t queue, std::string_view key) {
  return key_prefix(queue, key) + 'b';
}

std::string history_item(std::uint32_t queue, std::string_view key, logs::Lsn lsn) {
  std::string out = key_prefix(queue, key) + 'h';
  append_number(out, lsn);
  return out;
}

std::string age_prefix(std::uint32_t queue, bool of_history) {
  return prefix(of_history ? 'j' : 'i', queue);
}

std::string aged_item(std::uint32_t queue, bool of_history, TimeUs age_us, std::string_view key) {
  std::string out = age_prefix(queue, of_history);
  append_number(out, static_cast<std::uint64_t>(age_us));
  out += key;
  return out;
}

std::string store_item(std::string_view name) {
  return "m" + std::string(name);
}

std::string aged_mark(std::uint32_t queue) {
  std::string out = store_item("aged");
  append_number(out, queue);
  return out;
}

std::string end_of(std::string prefix_bytes) {
  while (static_cast<unsigned char>(prefix_bytes.back()) == 0xff) prefix_bytes.pop_back();
  prefix_bytes.back() = static_cast<char>(static_cast<unsigned char>(prefix_bytes.back()) + 1);
  return prefix_bytes;
}

std::optional<KeyItem> parse_key_item(std::string_view bytes) {
  if (bytes.size() < 1 + queue_bytes || bytes[0] != 'k') return std::nullopt;
  KeyItem item;
  item.queue = static_cast<std::uint32_t>(number_at(bytes.substr(1, queue_bytes)));
  bytes.remove_prefix(1 + queue_bytes);
  while (true) {
    if (bytes.size() < 2) return std::nullopt;
    const char byte = bytes[0];
    if (byte != 0) {
      item.key.push_back(byte);
      bytes.remove_prefix(1);
      continue;
    }
    const char next = bytes[1];
    bytes.remove_prefix(2);
    if (next == '\1') break;
    if (next != '\xff') return std::nullopt;
    item.key.push_back('\0');
  }
  if (bytes.empty()) return std::nullopt;
  item.kind = bytes[0];
  bytes.remove_prefix(1);
  const bool is_history = item.kind == 'h';
  if (!is_history && item.kind != 'a' && item.kind != 'b') return std::nullopt;
  if (bytes.size() != (is_history ? lsn_bytes : 0)) return std::nullopt;
  if (is_history) item.lsn = number_at(bytes);
  return item;
}

std::optional<AgedItem> parse_aged_item(std::string_view bytes) {
  constexpr std::size_t head = 1 + queue_bytes + 8;
  if (bytes.size() < head || (bytes[0] != 'i' && bytes[0] != 'j')) return std::nullopt;
  return AgedItem{static_cast<TimeUs>(number_at(bytes.substr(1 + queue_bytes, 8))),
                  std::string(bytes.substr(head))};
}

std::string number_bytes(std::uint64_t number) {
  std::string out;
  append_number(out, number);
  return out;
}

std::optional<std::uint64_t> parse_number(std::string_view bytes) {
  if (bytes.size() != 8) return std::nullopt;
  return number_at(bytes);
}

}  // namespace millrace::states
