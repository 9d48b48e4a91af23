#include "actors/assembly/topic_queues.hpp"

#include <memory>
#include <utility>
#include <variant>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"

namespace millrace {

void TopicQueues::tell(const std::string& queue, std::uint32_t shard,
                       queues::TopicCommand command) const {
  const Result<LocalQueue> served = actors_.served(queue, shard);
  if (serves_ && served && served->handle) {
    millrace::tell(served->handle, queues::TopicMessage{
                                       std::make_shared<queues::TopicCommand>(std::move(command))});
    return;
  }
  if (const auto* watch = std::get_if<queues::WatchTopicCommand>(&command)) watch->watch->notify();
}

bool TopicQueues::serves(const std::string& queue, std::uint32_t shard) const {
  const Result<LocalQueue> served = actors_.served(queue, shard);
  return serves_ && served && served->handle;
}

}  // namespace millrace
