// Whether what a worker says of a lease can be recorded.
#pragma once

#include "actors/stage/stage.hpp"

namespace millrace::receivers {

/// Whether `run` has a result for each of its inputs and is what Stage::run() could have returned: only
/// messages that were not run follow the first that is neither acked nor rejected. `keeps_state`: of
/// the stage. A new state needs an acked message, and a key; timers need a key.
[[nodiscard]] bool fits_lease(const StageRun& run, bool keeps_state);

/// Bounds the results of `run`, as limit_outcome() does for each message, and all of them together as
/// one record needs it. If an acked message fails by that, all have failed and the state is as before:
/// each is leased alone then.
void limit_run(StageRun& run);

}  // namespace millrace::receivers
