// Tells a listener what its peer's link has for it.
#pragma once

#include "cluster/transport/links/peer_link.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::transport {

/// Until nothing is left. One thread a link at a time.
void deliver(PeerLink& link, TransportListener& listener);

}  // namespace millrace::transport
