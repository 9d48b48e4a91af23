#include "actors/receiver/external/outcome_check.hpp"

#include <algorithm>
#include <string>

#include "actors/stage/handler_stage.hpp"
#include "actors/stage/outcome_limits.hpp"

namespace millrace::receivers {
namespace {

using Kind = StageResult::Kind;

void fail_acked(StageRun& run, const std::string& reason) {
  for (StageResult& result : run.results) {
    if (result.kind == Kind::acked) pipelines::set_failed(result, reason);
  }
  // What comes behind a failure has not run.
  const auto failed = std::find_if(run.results.begin(), run.results.end(),
                                   [](const auto& result) { return result.kind == Kind::failed; });
  for (auto result = failed; result != run.results.end(); ++result) {
    if (result != failed) *result = {};
  }
  run.next_state.reset();
  run.state_erased = false;
}

}  // namespace

bool fits_lease(const StageRun& run, bool keeps_state) {
  if (run.results.size() != run.inputs.size()) return false;
  bool is_over = false;
  bool has_acked = false;
  bool has_timers = false;
  for (const StageResult& result : run.results) {
    if (is_over && result.kind != Kind::not_run) return false;
    is_over = is_over || (result.kind != Kind::acked && result.kind != Kind::rejected);
    has_acked = has_acked || result.kind == Kind::acked;
    has_timers = has_timers || !result.timers_set.empty() || !result.timers_cleared.empty();
  }
  const bool has_state = run.next_state || run.state_erased;
  if (has_timers && (!keeps_state || run.key.empty())) return false;
  return !has_state || (keeps_state && has_acked && !run.key.empty());
}

void limit_run(StageRun& run) {
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < run.inputs.size(); ++i) {
    StageResult& result = run.results[i];
    const bool was_acked = result.kind == Kind::acked;
    pipelines::limit_outcome<pb::Envelope>(run.inputs[i], result);
    if (was_acked && result.kind != Kind::acked) return fail_acked(run, result.reason);
    bytes += pipelines::run_bytes_of(run.inputs[i], result);
  }
  if (run.next_state && run.next_state->size() > state_bytes_max) {
    return fail_acked(run, "the state of the key takes " + std::to_string(run.next_state->size()) +
                               " bytes; expected at most " + std::to_string(state_bytes_max));
  }
  constexpr std::size_t bytes_max = run_bytes + outcome_bytes_max;
  if (bytes <= bytes_max) return;
  fail_acked(run, "the outcomes of the lease take " + std::to_string(bytes) +
                      " bytes; expected at most " + std::to_string(bytes_max));
}

}  // namespace millrace::receivers
