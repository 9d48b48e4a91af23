#include "apps/cli/client/front_client.hpp"

#include <algorithm>
#include <iostream>
#include <utility>

#include "apps/cli/exit_code.hpp"
#include "apps/cli/printable.hpp"

namespace millrace::cli {

using Json = nlohmann::ordered_json;

Result<FrontClient> FrontClient::open(const ServerOptions& options) {
  auto node = ServerClient::open(options);
  if (!node) return node.error();
  return FrontClient(std::move(*node), options.node_only);
}

std::string FrontClient::scoped(const std::string& path) const {
  if (!node_only_) return path;
  return path + (path.find('?') == std::string::npos ? '?' : '&') + "scope=node";
}

Result<Json> FrontClient::note(Result<Json> answer) {
  if (!answer) return answer;
  const auto add = [this](std::string what) {
    if (std::find(missing_.begin(), missing_.end(), what) == missing_.end()) {
      missing_.push_back(std::move(what));
    }
  };
  for (const Json& each : answer->value("missing_nodes", Json::array())) {
    add("node " + each.value("node", "") + " (" + each.value("detail", "") + ")");
  }
  for (const Json& each : answer->value("missing_shards", Json::array())) {
    add(std::to_string(each.value("shards", std::uint64_t{0})) + " shards of " +
        each.value("queue", "") + " (no node that has answered serves them)");
  }
  return answer;
}

Result<Json> FrontClient::get(const std::string& path) {
  return note(node_.get(scoped(path)));
}

Result<Json> FrontClient::post(const std::string& path, const std::string& json) {
  return note(node_.post(scoped(path), json));
}

Result<Json> FrontClient::remove(const std::string& path) {
  return note(node_.remove(scoped(path)));
}

int FrontClient::finish() const {
  for (const std::string& what : missing_) {
    std::cerr << "millrace: warning: without " << printable(what) << '\n';
  }
  return missing_.empty() ? exit_ok : exit_unreachable;
}

}  // namespace millrace::cli
