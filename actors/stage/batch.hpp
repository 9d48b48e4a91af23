// Batch<In, State>: what a handler of a batch stage gets.
#pragma once

#include <span>

#include "actors/stage/context.hpp"
#include "actors/stage/keyed.hpp"
#include "actors/stage/queue_ref.hpp"

namespace millrace {

/// One message of a batch, with the state of its key. A batch never holds two messages of one key.
template <Message In, class State = void>
struct BatchItem {
  const In& message;
  Keyed<State>& state;
  const Context& context;
};

template <Message In>
struct BatchItem<In, void> {
  const In& message;
  const Context& context;
};

/// The messages of one call, 1 to `batch.max`. The handler returns one outcome for each, in order:
/// `std::vector<Outcome<Out>> operator()(Batch<In> batch)`.
template <Message In, class State = void>
using Batch = std::span<const BatchItem<In, State>>;

}  // namespace millrace
