#include "actors/runtime/shell/actor_system_config.hpp"

#include <algorithm>
#include <thread>

#include <caf/all.hpp>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_messages.hpp"
#include "actors/receiver/shell/external_actor.hpp"
#include "actors/receiver/shell/receiver_actor.hpp"
#include "actors/receiver/shell/worker_actor.hpp"
#include "actors/sender/shell/ask_actor.hpp"
#include "actors/sender/shell/forwarder_actor.hpp"
#include "actors/sender/shell/sender_actor.hpp"
#include "messages/caf_types.hpp"

namespace millrace {

ActorConfig::ActorConfig(const RuntimeOptions& options) {
  add_message_types<caf::id_block::millrace>();
  const bool is_sharing = options.scheduler == SchedulerPolicy::sharing;
  set("scheduler.policy", is_sharing ? caf::atom("sharing") : caf::atom("stealing"));
  set("scheduler.max-threads", options.threads != 0
                                   ? std::size_t{options.threads}
                                   : std::max<std::size_t>(2, std::thread::hardware_concurrency()));
  if (options.turn_messages != 0) {
    set("scheduler.max-throughput", std::size_t{options.turn_messages});
  }
}

}  // namespace millrace
