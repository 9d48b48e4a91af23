#include "actors/base/crc32c.hpp"

#include <isa-l/crc.h>

namespace millrace {

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  // ISA-L does not change the bytes, although the pointer is not const.
  auto* data = reinterpret_cast<unsigned char*>(const_cast<char*>(bytes.data()));
  return ~crc32_iscsi(data, static_cast<int>(bytes.size()), ~before);
}

}  // namespace millrace
