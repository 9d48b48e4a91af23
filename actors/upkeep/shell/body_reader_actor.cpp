#include "actors/upkeep/shell/body_reader_actor.hpp"

#include <utility>

#include <caf/all.hpp>

#include "actors/store/body_reading.hpp"

namespace millrace {

caf::actor spawn_body_reader(caf::actor_system& system, logs::Log& log,
                             std::function<void(const Error&)> failed) {
  return system.spawn<caf::detached>(
      [&log, failed = std::move(failed)](caf::event_based_actor*) -> caf::behavior {
        return {[&log, failed](const queues::ReadMessage& request) {
          auto bodies = read_bodies(
              [&log](auto places, const auto& visit) { return log.read(places, visit); },
              request.queue, *request.wanted);
          if (!bodies) return failed(bodies.error());
          caf::anon_send(caf::actor_cast<caf::actor>(request.reply_to),
                         queues::BodiesMessage{std::make_shared<const Bodies>(std::move(*bodies)),
                                               request.purpose});
        }};
      });
}

}  // namespace millrace
