#include "apps/millrace/simulate_servers.hpp"

#include <memory>
#include <utility>

#include "apps/cli/client/server_client.hpp"

namespace millrace::cli {
namespace {

/// Longer than the limit after which a node reports that an offer is not durable yet.
constexpr std::chrono::seconds answer_timeout{12};

class HttpNode final : public simulate::NodeClient {
 public:
  explicit HttpNode(ServerClient client) : client_(std::move(client)) {}

  Result<nlohmann::ordered_json> get(const std::string& path) override { return client_.get(path); }
  Result<nlohmann::ordered_json> post(const std::string& path, const std::string& json,
                                      const std::string& idempotency_key) override {
    return client_.post(path, json, idempotency_key);
  }

 private:
  ServerClient client_;
};

}  // namespace

Result<simulate::RemoteOptions> remote_options(const SimulateServers& servers,
                                               const simulate::Options& load) {
  simulate::RemoteOptions options{.load = load, .servers = {}};
  options.timeout = std::chrono::seconds(servers.timeout_s);
  std::shared_ptr<const ServerClient> first;
  for (const std::string& url : servers.urls) {
    auto client = ServerClient::open(
        {.url = url, .token_file = servers.token_file, .answer_timeout = answer_timeout});
    if (!client) return client.error();
    options.servers.push_back(client->url());
    if (!first) first = std::make_shared<const ServerClient>(std::move(*client));
  }
  options.connect = [first, urls = options.servers](std::size_t node) {
    return std::make_unique<HttpNode>(first->to(urls[node]));
  };
  return options;
}

}  // namespace millrace::cli
