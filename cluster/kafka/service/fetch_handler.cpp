#include "cluster/kafka/service/fetch_handler.hpp"

#include <string>
#include <utility>
#include <vector>

#include "cluster/kafka/service/fetching.hpp"
#include "cluster/kafka/service/gather.hpp"
#include "cluster/kafka/service/names.hpp"

namespace millrace::kafka {
namespace {

/// Answers a request at once, with one code for all partitions.
void refuse(Exchange& exchange, const FetchRequest& request, Code code) {
  FetchAnswer answer{.code = code};
  for (const FetchRequest::Topic& topic : request.topics) {
    auto& named = answer.topics.emplace_back();
    named.name = topic.name;
    for (const FetchRequest::Partition& partition : topic.partitions) {
      named.partitions.push_back({.index = partition.index, .code = code});
    }
  }
  Writer writer = exchange.begin();
  exchange.answer(write_fetch(writer, exchange.header().version, std::move(answer)));
}

OffsetAt place_of(std::int64_t timestamp_ms) {
  if (timestamp_ms == latest_timestamp) return OffsetAt::latest;
  return timestamp_ms == earliest_timestamp ? OffsetAt::earliest : OffsetAt::time;
}

}  // namespace

void FetchHandler::fetch(const std::shared_ptr<Exchange>& exchange, const FetchRequest& request) {
  if (exchange->header().version < fetch_version_min) {
    return refuse(*exchange, request, Code::unsupported_version);
  }
  if (request.session != 0) return refuse(*exchange, {}, Code::fetch_session_id_not_found);
  const auto fetching = std::make_shared<Fetching>(context_, exchange, request);
  if (waiting_.size() >= clean_at_) {
    std::erase_if(waiting_, [](const auto& each) { return each.expired(); });
    clean_at_ = 2 * waiting_.size() + 64;
  }
  waiting_.push_back(fetching);
  fetching->start();
  if (is_winding_down_) fetching->hurry();
}

void FetchHandler::wind_down() {
  is_winding_down_ = true;
  for (const auto& each : std::exchange(waiting_, {})) {
    if (const auto fetching = each.lock()) fetching->hurry();
  }
}

void FetchHandler::list_offsets(const std::shared_ptr<Exchange>& exchange,
                                const ListOffsetsRequest& request) {
  auto answer = std::make_shared<ListOffsetsAnswer>();
  std::size_t count = 0;
  for (const ListOffsetsRequest::Topic& topic : request.topics) {
    auto& named = answer->topics.emplace_back();
    named.name = topic.name;
    for (const ListOffsetsRequest::Partition& partition : topic.partitions) {
      named.partitions.push_back({.index = partition.index});
    }
    count += topic.partitions.size();
  }
  const auto gather = std::make_shared<Gather<FoundOffset>>(
      context_.loop.mailbox(), count, [exchange, answer](auto& outcomes) {
        std::size_t next = 0;
        for (ListOffsetsAnswer::Topic& topic : answer->topics) {
          for (ListOffsetsAnswer::Partition& partition : topic.partitions) {
            const Result<FoundOffset>& found = *outcomes[next++];
            if (!found) {
              partition.code = code_of(found.error().code);
              continue;
            }
            partition.offset = found->offset;
            partition.timestamp_ms = found->timestamp_ms;
          }
        }
        Writer writer = exchange->begin();
        write_list_offsets(writer, exchange->header().version, *answer);
        exchange->answer(writer);
      });
  std::size_t next = 0;
  for (const ListOffsetsRequest::Topic& topic : request.topics) {
    for (const ListOffsetsRequest::Partition& partition : topic.partitions) {
      if (!is_topic_name(topic.name)) {
        gather->set(next++, Error{ErrorCode::not_found, "a topic cannot have this name"});
        continue;
      }
      context_.api.find_offset({std::string(topic.name), partition.index},
                               place_of(partition.timestamp_ms), partition.timestamp_ms,
                               gather->slot(next++));
    }
  }
  gather->finish_if_empty();
}

}  // namespace millrace::kafka
