// What a log and its users exchange, and its measurements, under the names that the journal uses.
#pragma once

#include "actors/log/log_stats.hpp"
#include "actors/log/proposal.hpp"

namespace millrace::journal {

using logs::Committed;
using logs::GroupCounters;
using logs::Listener;
using logs::LogStats;
using logs::Proposal;

}  // namespace millrace::journal
