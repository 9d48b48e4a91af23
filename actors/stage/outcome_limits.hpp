// How much the outcome of a stage may hold, so that every record fits into the log.
//
//   record ≤ report_bytes, or one run: run_bytes + one message (outcome or dead letter) + state
#pragma once

#include <cstddef>

namespace millrace {

/// Outputs, history and timers of one message; beyond, the message has failed.
constexpr std::size_t outcome_bytes_max = 8u << 20;
/// State of one key; beyond, the messages that made it so have failed.
constexpr std::size_t state_bytes_max = 4u << 20;
/// Inputs and outcomes of one run; beyond, the rest of the run is left for another lease.
constexpr std::size_t run_bytes = 2u << 20;
/// Outcomes of several runs in one report, and so in one record.
constexpr std::size_t report_bytes = 1u << 20;
/// Text of a failure; the rest is cut off.
constexpr std::size_t reason_bytes_max = 4u << 10;
/// What an output, timer or entry of a history counts for beside its payload.
constexpr std::size_t item_bytes = 128;

}  // namespace millrace
