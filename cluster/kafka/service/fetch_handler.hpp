// FetchHandler: reads records for consumers, and waits for them.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "cluster/kafka/protocol/fetch.hpp"
#include "cluster/kafka/protocol/list_offsets.hpp"
#include "cluster/kafka/service/handler_context.hpp"

namespace millrace::kafka {

class Fetching;

class FetchHandler {
 public:
  explicit FetchHandler(const HandlerContext& context) : context_(context) {}

  void fetch(const std::shared_ptr<Exchange>& exchange, const FetchRequest& request);
  void list_offsets(const std::shared_ptr<Exchange>& exchange, const ListOffsetsRequest& request);
  /// Requests that wait for records are answered with what there is.
  void wind_down();

 private:
  const HandlerContext context_;
  bool is_winding_down_ = false;
  std::vector<std::weak_ptr<Fetching>> waiting_{};  ///< requests that may wait; some have ended
  std::size_t clean_at_ = 64;                       ///< of waiting_: look for those that have ended
};

}  // namespace millrace::kafka
