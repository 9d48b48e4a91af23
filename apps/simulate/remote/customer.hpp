// Customer: places orders at nodes that run elsewhere, and asks about them.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "apps/orders/load/load_plan.hpp"
#include "apps/simulate/remote/board.hpp"
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

/// What order ids begin with, so that no two runs on one cluster share one: "run-o17".
struct RemoteRun {
  std::string name;
  [[nodiscard]] std::string order_id(std::uint64_t number) const {
    return name + "-" + orders::LoadPlan::order_id(number);
  }
};

/// One at a time: an order is offered under its id as Idempotency-Key until it is confirmed, at
/// another node where one does not answer. For one thread.
class Customer {
 public:
  /// All must outlive it. `number` spreads customers over the nodes.
  Customer(const orders::LoadPlan& plan, const RemoteRun& run, const ConnectNode& connect,
           std::size_t nodes, std::size_t number, RemoteBoard& board);

  /// Works until the load stops.
  void work();

 private:
  void place(const RemoteTask& task);
  [[nodiscard]] bool offer(const std::string& json, const std::string& idempotency_key);
  void ask(const RemoteTask& task);
  [[nodiscard]] NodeClient& client(std::size_t node);

  const orders::LoadPlan& plan_;
  const RemoteRun& run_;
  const ConnectNode& connect_;
  std::size_t number_;
  RemoteBoard& board_;
  std::vector<std::unique_ptr<NodeClient>> clients_;  ///< by node, made when needed
};

}  // namespace millrace::simulate
