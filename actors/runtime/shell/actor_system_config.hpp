// ActorConfig: the configuration of CAF's scheduler and message types for a node.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include "actors/assembly/runtime_options.hpp"
#include "actors/base/shell/actor_handle.hpp"

namespace millrace {

/// Must outlive the ActorSystem that is constructed from it.
class ActorConfig : public caf::actor_system_config {
 public:
  explicit ActorConfig(const RuntimeOptions& options);
};

}  // namespace millrace
