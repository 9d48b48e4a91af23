#include "actors/stage/context.hpp"

#include <array>
#include <cstdio>

namespace millrace {

std::optional<std::string_view> Context::header(std::string_view name) const {
  if (facts_.headers == nullptr) return std::nullopt;
  for (const pb::Header& each : *facts_.headers) {
    if (each.name() == name) return each.value();
  }
  return std::nullopt;
}

Headers Context::headers() const {
  Headers all;
  if (facts_.headers == nullptr) return all;
  for (const pb::Header& each : *facts_.headers) all.push_back({each.name(), each.value()});
  return all;
}

std::string Context::call_id(std::uint32_t index) const {
  const MessageId id = output_id(facts_.id, stage_, index);
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%016llx%016llx",
                static_cast<unsigned long long>(id.high), static_cast<unsigned long long>(id.low));
  return text.data();
}

}  // namespace millrace
