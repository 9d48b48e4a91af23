#include "actors/runtime/drain.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <caf/all.hpp>

namespace millrace {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
using Queues = std::vector<queues::QueueHandle>;

/// How many of them came to rest in time, or are no more.
std::size_t await_rest(caf::actor_system& system, const Queues& queues, Deadline deadline) {
  caf::scoped_actor self(system);
  std::size_t at_rest = 0;
  for (const queues::QueueHandle& queue : queues) {
    const auto left = std::max(deadline - Deadline::clock::now(),
                               Deadline::duration(std::chrono::milliseconds(1)));
    self->request(queue, std::chrono::duration_cast<std::chrono::milliseconds>(left),
                  queues::DrainMessage{})
        .receive([&](const queues::QueueStatus&) { ++at_rest; },
                 [&](const caf::error& reason) {
                   if (reason != caf::sec::request_timeout) ++at_rest;
                 });
  }
  return at_rest;
}

}  // namespace

Result<void> drain(caf::actor_system& system, NodeActors& actors,
                   const std::function<void()>& await_delivery, std::chrono::milliseconds timeout) {
  const Deadline deadline = Deadline::clock::now() + timeout;
  Queues served;
  Queues outboxes;
  for (const pb::Declaration& declaration : actors.declarations()) {
    const queues::QueueHandle& queue = actors.handle(declaration.number());
    (declaration.has_outbox() ? outboxes : served).push_back(queue);
    // All stop at once; only then are they waited for.
    caf::anon_send(queue, queues::DrainMessage{});
  }
  std::size_t at_rest = await_rest(system, served, deadline);
  // The last outcome of a handler is delivered to its own queue first: only then to the outboxes.
  await_delivery();
  actors.flush();
  std::size_t flushed = await_rest(system, outboxes, deadline - timeout / 4);
  if (flushed < outboxes.size()) {
    actors.give_back();
    flushed = await_rest(system, outboxes, deadline);
  }
  at_rest += flushed;
  if (at_rest == served.size() + outboxes.size()) return {};
  return Error{ErrorCode::timeout,
               std::to_string(served.size() + outboxes.size() - at_rest) +
                   " queues still had work in progress at the end of the drain"};
}

}  // namespace millrace
