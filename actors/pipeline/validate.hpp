// validate(): the checks of a wiring that the compiler cannot make.
#pragma once

#include <span>
#include <string_view>

#include "actors/stage/pipeline_spec.hpp"
#include "messages/result.hpp"

namespace millrace {

/// Whether `text` can name a pipeline, a stage or a queue: 1 to 100 characters of [a-z0-9._-].
[[nodiscard]] bool is_name(std::string_view text);

/// Checks all pipelines of a node together:
///
///   names       1 to 100 characters of [a-z0-9._-]; pipelines unique, stages unique in a pipeline
///   options     in the ranges of StageOptions
///   a queue     has one message type and at most one reading stage; if its reader gives it a key,
///               every writer names it with a key; it has a key if its reader keeps state
///   a stage     names each target once, none of them a dead letter queue
///   dead letters have the type of their source, and do not lead back to it
///
/// Fails with `invalid_argument` and one line for each error, for example
/// "pipeline orders, stage reserve: workers: expected 1 to 1000, got 0". Pure; any thread.
[[nodiscard]] Result<void> validate(std::span<const PipelineSpec> pipelines);

}  // namespace millrace
