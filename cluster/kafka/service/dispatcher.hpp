// Dispatcher: reads each request and hands it to who answers it.
#pragma once

#include <memory>

#include "cluster/kafka/service/fetch_handler.hpp"
#include "cluster/kafka/service/group_handler.hpp"
#include "cluster/kafka/service/produce_handler.hpp"
#include "cluster/kafka/service/sasl_handler.hpp"
#include "cluster/kafka/service/topics_handler.hpp"

namespace millrace::kafka {

class Dispatcher final : public RequestHandler {
 public:
  Dispatcher(const HandlerContext& context, const GroupLimits& limits, Authenticate authenticate)
      : produce_(context),
        fetch_(context),
        groups_(context, limits),
        topics_(context),
        sasl_(std::move(authenticate)) {}

  [[nodiscard]] bool handle(const std::shared_ptr<Exchange>& exchange) override;
  void wind_down() override;

  [[nodiscard]] GroupHandler& groups() { return groups_; }

 private:
  ProduceHandler produce_;
  FetchHandler fetch_;
  GroupHandler groups_;
  TopicsHandler topics_;
  SaslHandler sasl_;
};

}  // namespace millrace::kafka
