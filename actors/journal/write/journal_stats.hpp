// Measurements of a journal.
#pragma once

#include "actors/base/duration_counts.hpp"
#include "actors/log/log_stats.hpp"

namespace millrace::journal {

using logs::GroupCounters;
using JournalStats = logs::LogStats;
using millrace::DurationCounts;

}  // namespace millrace::journal
