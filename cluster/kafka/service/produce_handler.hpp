// ProduceHandler: hands record batches to the node, and answers when they are durable.
#pragma once

#include <memory>

#include "cluster/kafka/protocol/init_producer_id.hpp"
#include "cluster/kafka/protocol/produce.hpp"
#include "cluster/kafka/service/handler_context.hpp"

namespace millrace::kafka {

class ProduceHandler {
 public:
  explicit ProduceHandler(const HandlerContext& context) : context_(context) {}

  /// False: batches are compressed, and there is no room to unpack them now.
  [[nodiscard]] bool produce(const std::shared_ptr<Exchange>& exchange,
                             const ProduceRequest& request);
  void init_producer(const std::shared_ptr<Exchange>& exchange,
                     const InitProducerIdRequest& request);

 private:
  const HandlerContext context_;
};

}  // namespace millrace::kafka
