// Why messages wait: Runtime::explain().
#include <utility>

#include "actors/assembly/node_actors.hpp"
#include "actors/base/shell/actor_handle.hpp"
#include "actors/queue/shell/queue_messages.hpp"
#include "actors/runtime/runtime.hpp"
#include "messages/hash.hpp"

namespace millrace {
namespace {

constexpr std::chrono::seconds explain_timeout{10};

}  // namespace

Result<std::vector<Explained>> Runtime::explain(const std::string& queue,
                                                const MessageFilter& filter, std::uint64_t max) {
  auto found = peek(queue, max, filter);
  if (!found) return found.error();
  std::vector<Explained> explained;
  for (MessageView& message : *found) {
    // Messages without a key are in any shard, and their numbers in each are others.
    const std::string& key = message.envelope.key();
    const std::uint32_t first = key.empty() ? 0 : shard_of(key, shards());
    const std::uint32_t end = key.empty() ? shards() : first + 1;
    const MessageId id{message.envelope.id_high(), message.envelope.id_low()};
    for (std::uint32_t shard = first; shard < end; ++shard) {
      const auto served = actors().served(queue, shard);
      if (!served || !served->handle) continue;
      const auto reply =
          ask<queues::ExplainReply>(actors().system(), served->handle,
                                    queues::ExplainMessage{message.sequence, id}, explain_timeout);
      if (!reply) return Error{reply.error().code, queue + ": " + reply.error().message};
      if (reply->reasons.empty()) continue;
      explained.push_back({shard, std::move(message), reply->reasons});
      break;
    }
  }
  return explained;
}

}  // namespace millrace
