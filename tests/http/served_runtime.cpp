// A node with an HTTP API, for tests: `served_runtime NAME [PEER [OPTION=VALUE…]]`. Prints its
// address, then lives until stdin ends. With a PEER, every key belongs to PEER. Options: token,
// connections_max, event_streams_max.
#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>

#include "actors/pipeline/pipeline.hpp"
#include "cluster/http/client/http_client.hpp"
#include "cluster/http/service/http_service.hpp"
#include "cluster/http/service/runtime_api.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::http {
namespace {

using google::protobuf::StringValue;

struct Keep {
  Outcome<StringValue> operator()(const StringValue& in, Keyed<StringValue>& state) const {
    if (in.value().starts_with("bad")) return Reject{"as it says"};
    state.change() = in;
    return in;
  }
};

class TwoNodes : public ClusterView {
 public:
  TwoNodes(std::string name, std::string peer) : name_(std::move(name)), peer_(std::move(peer)) {}

  [[nodiscard]] NodeStatus status() const override {
    NodeStatus status;
    status.node = name_;
    status.cluster = "test";
    status.state = is_draining_ ? "leaving" : "up";
    return status;
  }
  [[nodiscard]] Result<void> ready() const override {
    if (is_draining_) return Error{ErrorCode::draining, "the node is stopping"};
    return {};
  }
  [[nodiscard]] std::vector<Member> members() const override {
    std::vector<Member> members(peer_.empty() ? 1 : 2);
    members[0].name = name_;
    members[0].state = "up";
    members[0].is_self = true;
    if (!peer_.empty()) {
      members[1].name = "peer";
      members[1].state = "up";
      members[1].http = peer_;
    }
    return members;
  }
  [[nodiscard]] std::string owner(const std::string&, std::uint32_t) const override {
    return peer_.empty() ? name_ : "peer";
  }
  Result<void> drain() override {
    is_draining_ = true;
    return {};
  }
  [[nodiscard]] std::vector<ShardView> shards() const override { return {}; }
  Result<void> move_shard(const std::string&, std::uint32_t, const std::string&) override {
    return {};
  }
  [[nodiscard]] bool has_peer() const { return !peer_.empty(); }

 private:
  std::string name_;
  std::string peer_;
  std::atomic<bool> is_draining_ = false;
};

/// Asks the peer over HTTP, in place of a link.
class HttpPeer : public PeerAsker {
 public:
  explicit HttpPeer(std::string address) : address_(std::move(address)) {}

  std::vector<Result<PeerAnswer>> ask(const std::vector<std::string>& peers,
                                      const PeerQuestion& question,
                                      std::chrono::milliseconds timeout) override {
    return std::vector<Result<PeerAnswer>>(peers.size(), ask(question, timeout));
  }

 private:
  [[nodiscard]] Result<PeerAnswer> ask(const PeerQuestion& question,
                                       std::chrono::milliseconds timeout) const {
    auto client = HttpClient::open("http://" + address_);
    if (!client) return client.error();
    const char* const separator = question.target.find('?') == std::string::npos ? "?" : "&";
    ClientRequest request{.method = question.method,
                          .target = question.target + separator + "scope=node"};
    request.body = question.body;
    if (question.method == "POST") request.fields.push_back({"Content-Type", "application/json"});
    auto answer = client->ask(request, timeout);
    if (!answer) return answer.error();
    return PeerAnswer{answer->status, std::move(answer->body)};
  }

  const std::string address_;
};

class Api : public RuntimeApi {
 public:
  Api(Runtime& runtime, TwoNodes& nodes, PeerAsker& peers)
      : RuntimeApi(runtime, nodes, &peers), nodes_(nodes) {}
  Result<KeyView> key(const std::string& queue, const std::string& key) override {
    if (nodes_.has_peer()) return Error{ErrorCode::not_owner, "elsewhere"};
    return RuntimeApi::key(queue, key);
  }

 private:
  TwoNodes& nodes_;
};

HttpServiceOptions options_of(const std::vector<std::string>& arguments) {
  HttpServiceOptions options;
  for (const std::string& argument : arguments) {
    const std::size_t equals = argument.find('=');
    const std::string name = argument.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : argument.substr(equals + 1);
    if (name == "token") options.token = value;
    if (name == "connections_max") {
      options.connections_max = static_cast<std::uint32_t>(std::stoul(value));
    }
    if (name == "event_streams_max") {
      options.event_streams_max = static_cast<std::uint32_t>(std::stoul(value));
    }
  }
  return options;
}

int run(const std::string& name, const std::string& peer, const HttpServiceOptions& options) {
  const journal::TemporaryDirectory directory;
  const std::vector<PipelineSpec> pipelines{
      pipeline("test")
          .from(queue<StringValue>("in").key_by(&StringValue::value))
          .then("keep", Keep{})
          .to(queue<StringValue>("out"))};
  auto runtime = Runtime::start({.data_dir = directory.path(), .shards = 2}, pipelines);
  if (!runtime) return 1;
  TwoNodes nodes(name, peer);
  HttpPeer peers(peer);
  Api api(**runtime, nodes, peers);
  const auto show = [](const KeyView& key, const std::string&) -> Result<nlohmann::ordered_json> {
    StringValue value;
    static_cast<void>(value.ParseFromString(key.value));
    return nlohmann::ordered_json{{"order_id", key.key}, {"value", value.value()}};
  };
  auto server =
      HttpService::start(options, api, {{.prefix = "orders", .queue = "in", .show = show}});
  if (!server) return 1;
  std::cout << (*server)->address() << std::endl;
  std::string line;
  while (std::getline(std::cin, line)) continue;
  return 0;
}

}  // namespace
}  // namespace millrace::http

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const std::vector<std::string> options(arguments.begin() + std::min<long>(argc - 1, 2),
                                         arguments.end());
  return millrace::http::run(!arguments.empty() ? arguments[0] : "a",
                             arguments.size() > 1 ? arguments[1] : "",
                             millrace::http::options_of(options));
}
