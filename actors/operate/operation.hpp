// What an operator may ask for the live messages of a queue.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "actors/store/durable_view.hpp"
#include "messages/hash.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Which messages an operation is about; what is not said fits any.
struct MessageFilter {
  std::optional<MessageId> id{};
  std::optional<std::string> key{};
  std::optional<std::string> origin_queue{};  ///< of dead letters
  std::optional<ErrorCode> code{};            ///< of dead letters

  [[nodiscard]] bool is_any() const { return !id && !key && !origin_queue && !code; }
  [[nodiscard]] bool fits(const pb::Envelope& message) const {
    const pb::DeadLetter& letter = message.dead_letter();
    return (!id || *id == MessageId{message.id_high(), message.id_low()}) &&
           (!key || *key == message.key()) &&
           (!origin_queue || *origin_queue == letter.origin_queue()) &&
           (!code || static_cast<std::uint32_t>(*code) == letter.code());
  }
};

constexpr std::uint64_t no_maximum = std::numeric_limits<std::uint64_t>::max();

/// One operation on one queue.
struct Operation {
  enum class Verb : std::uint8_t { peek, drop, redrive };

  Verb verb = Verb::peek;
  MessageFilter filter{};
  std::uint64_t max = no_maximum;  ///< messages, over all shards
};

/// Messages dropped or put back, all of it durable.
struct Removed {
  std::uint64_t messages = 0;
  /// Why it ended before all was done: `backlog_full`, `storage_full`, `draining`.
  std::optional<Error> stopped{};
};

struct OperationResult {
  Removed removed{};
  std::vector<MessageView> seen{};  ///< by a peek
};

}  // namespace millrace
