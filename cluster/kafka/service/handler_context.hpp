// HandlerContext: what all who answer requests share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "cluster/http/handler/byte_budget.hpp"
#include "cluster/kafka/broker_api.hpp"
#include "cluster/kafka/server/exchange.hpp"
#include "cluster/kafka/server/loop.hpp"

namespace millrace::kafka {

/// Whether the client may do anything; by what it says of itself. In the loop: must not block.
using Authenticate = std::function<bool(std::string_view user, std::string_view password)>;

struct HandlerContext {
  BrokerApi& api;
  Loop& loop;
  std::shared_ptr<http::ByteBudget> requests{};  ///< what is unpacked of them counts too
  std::shared_ptr<http::ByteBudget> answers{};   ///< with records
  std::uint64_t unpacked_bytes_max = 0;          ///< of one batch
  std::uint64_t fetch_bytes_max = 0;             ///< of one answer
};

}  // namespace millrace::kafka
