// Numbers in files: little-endian, at any address.
#pragma once

#include <bit>
#include <concepts>
#include <cstring>

namespace millrace::journal {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

template <std::integral T>
void put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <std::integral T>
[[nodiscard]] T get(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace millrace::journal
