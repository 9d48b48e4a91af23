// Reads the columns of a snapshot message by message.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "actors/queue/state/queue_state.hpp"
#include "messages/envelope.hpp"
#include "messages/result.hpp"
#include "messages/snapshot.pb.h"

namespace millrace::queues {

// MessageColumns::flags.
constexpr std::uint32_t priority_mask = 0xf;
constexpr std::uint32_t key_flag = 1u << 4;
constexpr std::uint32_t extra_flag = 1u << 5;

/// One row of the columns.
struct ColumnMessage {
  Sequence sequence = 0;
  std::uint64_t place = 0;
  std::uint32_t index = 0;
  std::uint32_t bytes = 0;
  std::uint8_t priority = 0;
  std::optional<std::uint64_t> key_hash{};
  const pb::MessageColumns::Extra* extra = nullptr;  ///< null: none
};

/// Calls `visit(i, message)` for each message; ends with the first failure that `visit` returns.
/// Fails with `corrupt` where columns differ in length, or numbers are not above those in `state`.
template <class Visit>
[[nodiscard]] Result<void> for_each_message(const State& state, const pb::MessageColumns& columns,
                                            Visit visit) {
  const auto corrupt = [&state](const char* what) {
    return Error{ErrorCode::corrupt, "snapshot: " + (what + (" of " + state.name))};
  };
  const int size = columns.flags_size();
  if (columns.sequence_step_size() != size || columns.place_step_size() != size ||
      columns.index_size() != size || columns.bytes_size() != size) {
    return corrupt("differing lengths of message columns");
  }
  Sequence before = state.durable.index.last();
  ColumnMessage message;
  int keys = 0;
  int extras = 0;
  for (int i = 0; i < size; ++i) {
    const std::uint64_t step = columns.sequence_step(i);
    if (step > state.durable.last - message.sequence || message.sequence + step <= before) {
      return corrupt("message numbers out of order");
    }
    message.sequence = before = message.sequence + step;
    message.place += static_cast<std::uint64_t>(columns.place_step(i));
    message.index = columns.index(i);
    message.bytes = columns.bytes(i);
    const std::uint32_t flags = columns.flags(i);
    message.priority = static_cast<std::uint8_t>(flags & priority_mask);
    if (message.priority > priority_max) return corrupt("no valid priority for a message");
    const bool has_key = (flags & key_flag) != 0;
    const bool has_extra = (flags & extra_flag) != 0;
    if ((has_key && keys >= columns.key_hash_size()) ||
        (has_extra && extras >= columns.extra_size())) {
      return corrupt("too short a sparse column");
    }
    message.key_hash = has_key ? std::optional(columns.key_hash(keys++)) : std::nullopt;
    message.extra = has_extra ? &columns.extra(extras++) : nullptr;
    if (auto visited = visit(i, message); !visited) return visited;
  }
  return {};
}

/// Adds a message to the index, without its place. The caller sets place and index, and calls
/// enqueue().
Entry& add_message(State& state, const ColumnMessage& message);

}  // namespace millrace::queues
