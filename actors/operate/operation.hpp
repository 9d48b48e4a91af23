// Operations of an operator on the live messages of a queue: peek, drop, redrive.
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

/// Selects messages; an empty field matches any message.
struct MessageFilter {
  std::optional<MessageId> id{};
  std::optional<std::string> key{};
  std::optional<std::string> origin_queue{};  ///< of dead letters
  std::optional<ErrorCode> code{};            ///< of dead letters

  [[nodiscard]] bool is_any() const { return !id && !key && !origin_queue && !code; }
  [[nodiscard]] bool fits(const pb::Envelope& message) const {
    const pb::DeadLetter& dead_letter = message.dead_letter();
    return (!id || *id == MessageId{message.id_high(), message.id_low()}) &&
           (!key || *key == message.key()) &&
           (!origin_queue || *origin_queue == dead_letter.origin_queue()) &&
           (!code || static_cast<std::uint32_t>(*code) == dead_letter.code());
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

/// The result of a drop or redrive; all that is counted is durable.
struct Removed {
  std::uint64_t messages = 0;
  /// Why the operation ended early: `backlog_full`, `storage_full` or `draining`. Empty: it did
  /// not.
  std::optional<Error> stopped{};
};

struct OperationResult {
  Removed removed{};
  std::vector<MessageView> seen{};  ///< of a peek
};

}  // namespace millrace
