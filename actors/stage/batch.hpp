// Batch<In, State>: the messages of one call of a batch handler.
//
//     std::vector<Outcome<Scored>> operator()(Batch<Order> batch) {
//       std::vector<Outcome<Scored>> results;
//       for (const auto& item : batch) results.push_back(score(item.message));
//       return results;                                   // one for each message, in order
//     }
#pragma once

#include <span>

#include "actors/stage/context.hpp"
#include "actors/stage/keyed.hpp"
#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// One message of a batch, with the state of its key. The references are valid until the handler
/// returns.
template <Message In, class State = void>
struct BatchItem {
  const In& message;
  Keyed<State, In>& state;
  const Context& context;
};

template <Message In>
struct BatchItem<In, void> {
  const In& message;
  const Context& context;
};

/// 1 to BatchOptions::max messages, no two of one key, in no particular order of keys. Messages
/// that cannot be parsed are left out: each of them becomes a dead letter.
template <Message In, class State = void>
using Batch = std::span<const BatchItem<In, State>>;

}  // namespace millrace
