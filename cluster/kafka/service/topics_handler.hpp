// TopicsHandler: topics and brokers: what there is, making and removing topics.
#pragma once

#include <memory>

#include "cluster/kafka/protocol/create_topics.hpp"
#include "cluster/kafka/protocol/delete_topics.hpp"
#include "cluster/kafka/protocol/describe_configs.hpp"
#include "cluster/kafka/protocol/metadata.hpp"
#include "cluster/kafka/service/handler_context.hpp"

namespace millrace::kafka {

class TopicsHandler {
 public:
  explicit TopicsHandler(const HandlerContext& context) : context_(context) {}

  using ExchangePtr = std::shared_ptr<Exchange>;

  /// Topics that do not exist are made if the client and the node agree to it.
  void metadata(const ExchangePtr& exchange, const MetadataRequest& request);
  void create(const ExchangePtr& exchange, const CreateTopicsRequest& request);
  void remove(const ExchangePtr& exchange, const DeleteTopicsRequest& request);
  void describe_configs(const ExchangePtr& exchange, const DescribeConfigsRequest& request);

 private:
  const HandlerContext context_;
};

}  // namespace millrace::kafka
