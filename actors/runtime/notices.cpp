#include "actors/runtime/notices.hpp"

#include <cstdlib>
#include <map>
#include <string>

#include <spdlog/spdlog.h>
#include <sysexits.h>

#include "actors/assembly/node_plan.hpp"
#include "actors/base/log_queue.hpp"
#include "actors/store/store.hpp"

namespace millrace {

void stop_at_once(const Error& error) {
  spdlog::critical("the node stops: {}: {}", to_string(error.code), error.message);
  flush_log();
  // A service manager that starts the node again and again would not help an outdated one.
  if (error.code == ErrorCode::outdated) std::_Exit(EX_CONFIG);
  // Another process owns the log: this one may start again at once, as a standby.
  std::_Exit(error.code == ErrorCode::fenced ? EX_TEMPFAIL : 1);
}

void warn_of_unnamed(const NodePlan& plan, const Store& store) {
  std::map<std::string, std::uint64_t> messages;
  for (const auto& [number, queue] : store.queues()) {
    if (plan.queues.contains(queue_of(queue.declaration))) continue;
    messages[queue.declaration.name()] += queue.state->durable.index.size();
  }
  for (const auto& [name, count] : messages) {
    if (count == 0) continue;
    spdlog::warn(
        "queue {} holds {} messages, and no pipeline names it: see them with `millrace queue peek "
        "{}`, and name it again, or redrive or purge them",
        name, count, name);
  }
}

void log_step(DurationUs step_us) {
  spdlog::warn("the wall clock was set {} by {:.3f} s", step_us < 0 ? "back" : "forwards",
               static_cast<double>(step_us < 0 ? -step_us : step_us) / 1e6);
}

}  // namespace millrace
