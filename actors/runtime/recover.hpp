// Recovery of the queues of a node from its log.
#pragma once

#include "actors/assembly/runtime_options.hpp"
#include "actors/log/engine.hpp"
#include "actors/runtime/node_states.hpp"
#include "actors/store/store.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Reads the log into `store`, with its keys in `states`: the whole log or, if options.followed holds, what is
/// behind it. Sets options.state_dir then, or else resets options.followed. Says in the log which of both, and
/// how long it took, if the log may be taken over from another process. Fails as OpenedLog::recover(). REQUIRES:
/// NodeStates::prepare(options).
[[nodiscard]] Result<logs::Recovered> recover(logs::OpenedLog& opened, RuntimeOptions& options,
                                              NodeStates& states, Store& store);

}  // namespace millrace
