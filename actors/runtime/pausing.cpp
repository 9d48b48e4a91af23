#include "actors/runtime/pausing.hpp"

#include "actors/queue/shell/queue_messages.hpp"

namespace millrace {

Result<std::uint32_t> pause_queue(ActorSystem& system, const NodeActors& actors,
                                  const std::string& queue, const queues::PauseCommand& command,
                                  std::chrono::milliseconds within) {
  const auto shards = actors.to_pause(queue, command.key);
  if (!shards) return shards.error();
  const auto replies = ask_all<queues::PauseReply>(
      system, *shards, queues::PauseMessage{std::make_shared<const queues::PauseCommand>(command)},
      within);
  for (const Result<queues::PauseReply>& reply : replies) {
    if (!reply) return Error{reply.error().code, queue + ": " + reply.error().message};
    if (reply->refusal) return *reply->refusal;
  }
  return static_cast<std::uint32_t>(replies.size());
}

}  // namespace millrace
