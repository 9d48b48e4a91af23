#include "actors/queue/shell/body_reads.hpp"

#include <caf/all.hpp>

namespace millrace::queues {
namespace {

constexpr std::size_t bodies_per_read = 2048;

}  // namespace

void BodyReads::request() {
  if (state_.live.loading || !reader_) return;
  auto wanted =
      std::make_shared<const std::vector<WantedBody>>(wanted_bodies(state_, bodies_per_read));
  state_.live.loading = true;
  caf::anon_send(reader_, ReadMessage{std::move(wanted), state_.number,
                                      caf::actor_cast<caf::strong_actor_ptr>(queue_)});
}

void BodyReads::take(const BodiesMessage& m) {
  state_.live.loading = false;
  for (const auto& [sequence, body] : *m.bodies) state_.durable.index.set_body(sequence, body);
}

}  // namespace millrace::queues
