// Limits of the outcomes of a stage, in bytes. They keep every record below the log's maximum of
// journal::Options::record_bytes_max:
//
//   record <= report_bytes, or, for a single run, run_bytes + outcome_bytes_max + state_bytes_max
//
// Sizes include what an outcome inherits from its input: the key of each output without one, and
// that of the state, of each timer and of each timer that is cleared.
#pragma once

#include <cstddef>

#include "messages/bounds.hpp"

namespace millrace {

/// Outputs, history and timers of one message; above, the message fails. A message of the largest
/// size can be passed on as it is, with a history entry or timers of a few hundred KiB beside it.
constexpr std::size_t outcome_bytes_max = message_bytes_max + (512u << 10);
/// Value of one key; above, the acked messages of the run fail.
constexpr std::size_t state_bytes_max = 4u << 20;
/// Inputs and outcomes of one run; above, the rest of the run waits for another lease.
constexpr std::size_t run_bytes = 2u << 20;
/// Outcomes of several runs in one report, which becomes one record.
constexpr std::size_t report_bytes = 1u << 20;
/// Reason of a failure; the rest is cut off.
constexpr std::size_t reason_bytes_max = 4u << 10;
/// Added to the payload of each output, timer and history entry for its other fields.
constexpr std::size_t item_bytes = 128;

}  // namespace millrace
