// Bytes as text, for dialogues that are written by hand.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace::kafka {

/// The bytes of pairs of hexadecimal digits; blanks, and what stands between '(' and ')', are for people.
inline std::string hex(std::string_view text) {
  const auto value = [](char c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
  };
  std::string bytes;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '(') {
      i = text.find(')', i) + 1;
    } else if (text[i] == ' ' || text[i] == '\n') {
      ++i;
    } else {
      bytes += static_cast<char>(value(text[i]) * 16 + value(text[i + 1]));
      i += 2;
    }
  }
  return bytes;
}

/// As hex() takes them, for comparisons that people can read.
inline std::string to_hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += digits[static_cast<unsigned char>(c) >> 4];
    text += digits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace millrace::kafka
