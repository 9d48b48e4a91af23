// The messages of a lease as a stage sees them.
#pragma once

#include <string>

#include "actors/queue/decide/dispatch.hpp"
#include "actors/stage/stage.hpp"

namespace millrace::receivers {

/// Fills `run`, whose inputs are empty, with the messages of `grant`. `stage`, `grant` and `control`
/// outlive the run's inputs; `control` may be null.
void fill_run(StageRun& run, const queues::Grant& grant, const std::string& stage, Now now,
              SteadyUs lease_until_us, LeaseControl* control);

}  // namespace millrace::receivers
