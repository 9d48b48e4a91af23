#include "cluster/transport/net/resolver_actor.hpp"

#include <utility>

#include <caf/all.hpp>

namespace millrace::transport {

caf::actor spawn_resolver(caf::actor_system& system, std::vector<Address> addresses,
                          std::shared_ptr<ResolvedSlots> slots) {
  return system.spawn<caf::detached>([addresses = std::move(addresses), slots = std::move(slots)](
                                         caf::event_based_actor* self) -> caf::behavior {
    return {[self, addresses, slots](ResolveAtom, std::uint32_t peer) {
      (*slots)[peer] = resolve(addresses[peer]);
      self->send(caf::actor_cast<caf::actor>(self->current_sender()), ResolvedAtom::value, peer);
    }};
  });
}

}  // namespace millrace::transport
