// What the actor system of a transport is told.
#pragma once

#include <cstddef>

#include <caf/all.hpp>
#include <caf/io/all.hpp>

#include "cluster/transport/links/transport_options.hpp"

namespace millrace::transport {

class TransportActorConfig : public caf::actor_system_config {
 public:
  explicit TransportActorConfig(const TransportOptions& options) {
    load<caf::io::middleman>();
    set("scheduler.policy", caf::atom("sharing"));
    // Everything here is a broker or has a thread of its own.
    set("scheduler.max-threads", std::size_t{1});
    set("middleman.workers", std::size_t{0});
    set("middleman.max-consecutive-reads", options.consecutive_reads_max);
  }
};

}  // namespace millrace::transport
