#include "actors/assembly/drain.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "actors/base/shell/tell_actor.hpp"

namespace millrace {
namespace {

using Deadline = std::chrono::steady_clock::time_point;
using Queues = std::vector<queues::QueueHandle>;

/// How many of them came to rest in time, or are no more.
std::size_t await_rest(ActorSystem& system, const Queues& queues, Deadline deadline) {
  const auto left = std::max(
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Deadline::clock::now()),
      std::chrono::milliseconds(1));
  const auto answers = ask_all<queues::QueueStatus>(system, queues, queues::DrainMessage{}, left);
  return static_cast<std::size_t>(
      std::count_if(answers.begin(), answers.end(), [](const Result<queues::QueueStatus>& answer) {
        return answer || answer.error().code != ErrorCode::timeout;
      }));
}

}  // namespace

Result<void> drain(ActorSystem& system, NodeActors& actors,
                   const std::function<void()>& await_delivery, std::chrono::milliseconds timeout) {
  const Deadline deadline = Deadline::clock::now() + timeout;
  Queues served;
  Queues outboxes;
  for (const pb::Declaration& declaration : actors.declarations()) {
    const queues::QueueHandle& queue = actors.handle(declaration.number());
    (declaration.has_outbox() ? outboxes : served).push_back(queue);
    // All stop at once; only then are they waited for.
    tell(queue, queues::DrainMessage{});
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
