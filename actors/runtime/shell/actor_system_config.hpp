// What runs the actors of a node: its options of the scheduler, in the framework's terms.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/assembly/runtime_options.hpp"
#include "actors/base/shell/any_actor.hpp"

namespace millrace {

/// What an ActorSystem is made with, and must outlive it. Knows every type of message.
class ActorConfig : public caf::actor_system_config {
 public:
  explicit ActorConfig(const RuntimeOptions& options);
};

}  // namespace millrace
