#include "actors/upkeep/shell/body_reader_actor.hpp"

#include <utility>

#include <caf/all.hpp>

#include "actors/store/body_reading.hpp"

namespace millrace {

caf::actor spawn_body_reader(caf::actor_system& system, journal::Journal& journal,
                             std::function<void(const Error&)> failed) {
  return system.spawn<caf::detached>(
      [&journal, failed = std::move(failed)](caf::event_based_actor*) -> caf::behavior {
        return {[&journal, failed](const queues::ReadMessage& request) {
          auto bodies = read_bodies(
              [&journal](auto places, const auto& visit) { return journal.read(places, visit); },
              request.queue, *request.wanted);
          if (!bodies) return failed(bodies.error());
          caf::anon_send(caf::actor_cast<caf::actor>(request.reply_to),
                         queues::BodiesMessage{std::make_shared<const Bodies>(std::move(*bodies)),
                                               request.compaction});
        }};
      });
}

}  // namespace millrace
