#include "cluster/kafka/broker/time_search.hpp"

#include <optional>
#include <utility>

#include "cluster/kafka/broker/stored_batches.hpp"

namespace millrace::kafka {
namespace {

/// Of a compressed batch in which a time is looked for.
constexpr std::size_t unpacked_bytes_max = 32u << 20;

/// Looks for the record within the batch that has it.
void find_in(const TopicQueues& queues, const std::string& queue, std::uint32_t shard,
             const std::string& topic, std::int64_t offset, std::int64_t timestamp_ms,
             Done<FoundOffset> done) {
  queues::ReadTopicCommand command;
  command.topic = topic;
  command.offset = offset;
  command.bytes_max = 1;
  command.takes_larger = true;
  command.reply = queues::TopicReply<queues::TopicRead>(
      [offset, timestamp_ms, done = std::move(done)](const Result<queues::TopicRead>& read) {
        if (!read) return done(read.error());
        if (read->pieces.empty()) return done(FoundOffset{offset, timestamp_ms});
        const auto found = find_time(read->pieces.front(), timestamp_ms, unpacked_bytes_max);
        if (!found) return done(found.error());
        done(*found ? **found : FoundOffset{offset, timestamp_ms});
      });
  queues.tell(queue, shard, std::move(command));
}

}  // namespace

void search_time(const TopicQueues& queues, const std::string& queue, std::uint32_t shard,
                 const std::string& topic, std::int64_t timestamp_ms, Done<FoundOffset> done) {
  queues::FindTimeCommand command;
  command.topic = topic;
  command.timestamp_ms = timestamp_ms;
  command.reply = queues::TopicReply<std::optional<queues::TopicBatch>>(
      [queues, queue, shard, topic, timestamp_ms,
       done = std::move(done)](const Result<std::optional<queues::TopicBatch>>& batch) {
        if (!batch) return done(batch.error());
        if (!*batch) return done(FoundOffset{});
        find_in(queues, queue, shard, topic, (*batch)->base_offset, timestamp_ms, done);
      });
  queues.tell(queue, shard, std::move(command));
}

}  // namespace millrace::kafka
