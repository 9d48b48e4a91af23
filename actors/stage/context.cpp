#include "actors/stage/context.hpp"

#include <array>
#include <cstdio>

namespace millrace {

std::string Context::call_id(std::uint32_t index) const {
  const MessageId id = output_id(facts_.id, stage_, index);
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(id.high), static_cast<unsigned long long>(id.low));
  return text.data();
}

}  // namespace millrace
