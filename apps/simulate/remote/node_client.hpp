// NodeClient: a node's HTTP API, as a load on nodes that run elsewhere uses it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include <nlohmann/json.hpp>

#include "messages/result.hpp"

namespace millrace::simulate {

/// One connection, for one thread. Calls fail with `unreachable` where the node does not answer in
/// a time that is short against a run, and else with what it says.
class NodeClient {
 public:
  virtual ~NodeClient() = default;

  /// Follows the node where it sends to another; `unreachable` may then mean that one.
  [[nodiscard]] virtual Result<nlohmann::ordered_json> get(const std::string& path) = 0;
  [[nodiscard]] virtual Result<nlohmann::ordered_json> post(const std::string& path,
                                                            const std::string& json,
                                                            const std::string& idempotency_key) = 0;
};

/// A connection to the node of this number, from 0. Does not fail: calls do. For any thread.
using ConnectNode = std::function<std::unique_ptr<NodeClient>(std::size_t node)>;

}  // namespace millrace::simulate
