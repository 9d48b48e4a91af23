// Customer: places orders at running nodes over HTTP and asks for their status.
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

/// HTTP client of one node; implemented by apps/millrace over ServerClient. Used by one thread.
/// Calls block; they fail with `unreachable` if the node does not answer within seconds, else with
/// the error of the node.
class NodeClient {
 public:
  virtual ~NodeClient() = default;

  /// Follows a redirect to the owner of the order; `unreachable` can then refer to the owner.
  [[nodiscard]] virtual Result<nlohmann::ordered_json> get(const std::string& path) = 0;
  [[nodiscard]] virtual Result<nlohmann::ordered_json> post(const std::string& path,
                                                            const std::string& json,
                                                            const std::string& idempotency_key) = 0;
};

/// Creates a client for the node with this index. Does not connect and does not fail. Thread-safe.
using ConnectNode = std::function<std::unique_ptr<NodeClient>(std::size_t node)>;

/// Prefix of the order ids of one run, so that ids of runs on one cluster are unique: "run-o17".
struct RemoteRun {
  std::string name;
  [[nodiscard]] std::string order_id(std::uint64_t number) const {
    return name + "-" + orders::LoadPlan::order_id(number);
  }
};

/// One thread with one call at a time. Offers an order with its id as Idempotency-Key until it is
/// confirmed; retries at another node if a node does not answer.
class Customer {
 public:
  /// The references must outlive this object. `number` selects the preferred node.
  Customer(const orders::LoadPlan& plan, const RemoteRun& run, const ConnectNode& connect,
           std::size_t nodes, std::size_t number, RemoteBoard& board);

  /// Runs tasks until the board stops. Blocks.
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
  std::vector<std::unique_ptr<NodeClient>> clients_;  ///< by node; created on first use
};

}  // namespace millrace::simulate
