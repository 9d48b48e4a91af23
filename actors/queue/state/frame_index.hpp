// FrameIndex: which message of a record's change an entry of the MessageIndex means.
#pragma once

#include <cstdint>

#include "messages/record.pb.h"

namespace millrace::queues {

/// `append[i]` is i, `relocation[i]` is i with the top bit set, `install.body[i]` is i with the next one.
constexpr std::uint32_t relocated_bit = 1u << 31;
constexpr std::uint32_t installed_bit = 1u << 30;

/// The message of `change` that `index` means; null when there is none.
[[nodiscard]] inline const pb::Envelope* envelope_at(const pb::Change& change,
                                                     std::uint32_t index) {
  const auto at = static_cast<int>(index & (installed_bit - 1));
  if ((index & relocated_bit) != 0) {
    return at < change.relocation_size() ? &change.relocation(at).envelope() : nullptr;
  }
  if ((index & installed_bit) != 0) {
    return at < change.install().body_size() ? &change.install().body(at) : nullptr;
  }
  return at < change.append_size() ? &change.append(at) : nullptr;
}

}  // namespace millrace::queues
