#include "actors/base/random_name.hpp"

#include <cstdint>
#include <random>

namespace millrace {

std::string random_name() {
  std::random_device random;
  std::string name;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t bits = random();
    for (unsigned shift = 0; shift < 32; shift += 4) name += "0123456789abcdef"[bits >> shift & 15];
  }
  return name;
}

}  // namespace millrace
