// ItemKey: the keys of items in the table of a state store. FROZEN: they are on disk.
//
//   'k' queue key' 'a'        age of the last change of the key; older versions left it out if the queue
//                             kept no ages
//   'k' queue key' 'b'        value of the key
//   'k' queue key' 'h' lsn    history entries that the record `lsn` appended
//   'i' queue age key         a change of the key at that age, perhaps not the last one
//   'j' queue age key         the same, unless its history was forgotten since
//   'm' name                  of the whole store
//   'm' "aged" queue          all keys of the queue have their items 'i' and 'j'
//
// Numbers are big-endian: queue 32 bits, lsn and age 64. key' is the key with each byte 0 followed by
// 0xff, and then the bytes 0 and 1: so keys sort as their bytes do, and none is the prefix of another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "actors/base/time.hpp"
#include "actors/log/frame.hpp"

namespace millrace::states {

[[nodiscard]] std::string queue_prefix(std::uint32_t queue);  ///< of all items of keys
[[nodiscard]] std::string key_prefix(std::uint32_t queue, std::string_view key);
[[nodiscard]] std::string age_item(std::uint32_t queue, std::string_view key);
[[nodiscard]] std::string value_item(std::uint32_t queue, std::string_view key);
[[nodiscard]] std::string history_item(std::uint32_t queue, std::string_view key, logs::Lsn lsn);
/// Of all items 'i', or, with `of_history`, 'j'.
[[nodiscard]] std::string age_prefix(std::uint32_t queue, bool of_history);
/// REQUIRES: age_us >= 0
[[nodiscard]] std::string aged_item(std::uint32_t queue, bool of_history, TimeUs age_us,
                                    std::string_view key);
[[nodiscard]] std::string store_item(std::string_view name);
[[nodiscard]] std::string aged_mark(std::uint32_t queue);

/// The first key behind all keys that begin with `prefix`. REQUIRES: some byte of it is not 0xff.
[[nodiscard]] std::string end_of(std::string prefix);

/// An item of a key.
struct KeyItem {
  std::uint32_t queue = 0;
  std::string key{};
  char kind = 0;      ///< 'a', 'b' or 'h'
  logs::Lsn lsn = 0;  ///< of an 'h'
};
/// Nullopt: the bytes are no item of a key.
[[nodiscard]] std::optional<KeyItem> parse_key_item(std::string_view bytes);

struct AgedItem {
  TimeUs age_us = 0;
  std::string key{};
};
/// Nullopt: the bytes are no item of an age.
[[nodiscard]] std::optional<AgedItem> parse_aged_item(std::string_view bytes);

[[nodiscard]] std::string number_bytes(std::uint64_t number);
/// Nullopt: not 8 bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view bytes);

}  // namespace millrace::states
