// What the log says of a node's start, of steps of its clock, and of the error that ends it.
#pragma once

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace {

struct NodePlan;
class Store;

/// Follows the error of a node whose data directory is older than another node remembers.
constexpr const char* outdated_advice =
    ". This data directory is an older copy: it was restored, or its disk has lost writes. What "
    "this node confirmed since the copy was made is lost here, and its numbers would be given out "
    "again. Put the newest directory back; or start the node once with --accept-loss, which goes "
    "on "
    "with what is here";

/// The default of RuntimeOptions::on_fatal: logs the error and ends the process without cleaning up,
/// with status 78 if the data directory is outdated, 75 if the log is fenced, else with 1.
[[noreturn]] void stop_at_once(const Error& error);

/// Logs each queue that has messages and that no pipeline names.
void warn_of_unnamed(const NodePlan& plan, const Store& store);

/// Says that the wall clock was set forwards, or back if `step_us` is negative.
void log_step(DurationUs step_us);

}  // namespace millrace
