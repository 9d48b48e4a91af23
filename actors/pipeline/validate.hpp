// validate(): what is wrong with pipelines that did compile.
#pragma once

#include <span>

#include "actors/stage/pipeline_spec.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Checks the pipelines that are to run together, before any of it does: names, ranges of options,
/// that a queue has one type, one key and at most one reading stage, that stage names are unique in
/// their pipeline, and that dead letters do not go round in a circle.
///
/// Fails with `invalid_argument` and all that is wrong at once, a line each:
/// "pipeline orders, stage reserve: workers: expected 1 to 1000, got 0".
[[nodiscard]] Result<void> validate(std::span<const PipelineSpec> pipelines);

}  // namespace millrace
