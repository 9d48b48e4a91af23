#include "cluster/kafka/protocol/subscription.hpp"

#include <tuple>

#include "cluster/kafka/wire/reader.hpp"

namespace millrace::kafka {

Result<std::vector<std::string_view>> subscribed_topics(std::string_view metadata) {
  Reader reader(metadata);
  std::ignore = reader.int16("version of the subscription");
  std::vector<std::string_view> topics(reader.array("subscribed topics", 2));
  for (std::string_view& topic : topics) topic = reader.string("subscribed topic");
  // What follows is data of the client's assignor, and fields of later versions.
  if (auto status = reader.status(); !status) return status.error();
  return topics;
}

Result<std::vector<std::pair<std::string_view, std::vector<std::int32_t>>>> assigned_partitions(
    std::string_view assignment) {
  Reader reader(assignment);
  std::ignore = reader.int16("version of the assignment");
  std::vector<std::pair<std::string_view, std::vector<std::int32_t>>> assigned(
      reader.array("assigned topics", 6));
  for (auto& [topic, partitions] : assigned) {
    topic = reader.string("assigned topic");
    partitions.resize(reader.array("assigned partitions", 4));
    for (std::int32_t& each : partitions) each = reader.int32("assigned partition");
  }
  if (auto status = reader.status(); !status) return status.error();
  return assigned;
}

}  // namespace millrace::kafka
