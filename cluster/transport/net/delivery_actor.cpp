#include "cluster/transport/net/delivery_actor.hpp"

#include <utility>

#include <caf/all.hpp>

#include "cluster/transport/links/delivery.hpp"

namespace millrace::transport {
caf::actor spawn_delivery(caf::actor_system& system, std::shared_ptr<PeerLink> link,
                          TransportListener& listener) {
  return system.spawn<caf::detached>(
      [link = std::move(link), &listener](caf::event_based_actor* self) -> caf::behavior {
        return {
            [link, &listener](DeliverAtom) { deliver(*link, listener); },
            [link, &listener, self](FinishAtom) {
              deliver(*link, listener);
              self->quit();
            },
        };
      });
}

}  // namespace millrace::transport
