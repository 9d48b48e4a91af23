// Numbers in files: little-endian, at any address.
#pragma once

#include <bit>
#include <cstring>
#include <type_traits>

namespace millrace::journal {

static_assert(std::endian::native == std::endian::little, "files are little-endian");

template <class T>
requires std::is_integral_v<T>
void put(char* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <class T>
requires std::is_integral_v<T>
[[nodiscard]] T get(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace millrace::journal
