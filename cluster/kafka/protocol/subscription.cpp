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

}  // namespace millrace::kafka
