#include "apps/cli/client/server_queues.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "cluster/http/message/http_message.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

/// Adds the counts of another member for the same queue to `sum`.
void add(Json& sum, const Json& part) {
  for (const auto& [name, value] : part.items()) {
    Json& total = sum[name];
    if (name == "oldest_age_s") {
      if (value.is_number() && (!total.is_number() || total < value)) total = value;
    } else if (value.is_boolean()) {
      total = total.get<bool>() || value.get<bool>();
    } else if (value.is_number_unsigned() && total.is_number_unsigned()) {
      total = total.get<std::uint64_t>() + value.get<std::uint64_t>();
    }
  }
}

}  // namespace

Result<std::vector<Json>> queues_of(ClusterClient& cluster) {
  std::map<std::string, Json> sums;
  const auto asked = cluster.for_each([&](ServerClient& node) -> Result<void> {
    const auto answer = node.get("/api/v1/queues");
    if (!answer) return answer.error();
    for (const Json& queue : answer->value("queues", Json::array())) {
      const auto [sum, is_new] = sums.try_emplace(queue.value("queue", ""), queue);
      if (!is_new) add(sum->second, queue);
    }
    return {};
  });
  if (!asked) return asked.error();
  std::vector<Json> rows;
  rows.reserve(sums.size());
  for (auto& [name, sum] : sums) {
    sum["status"] = sum.value("unanswered", std::uint64_t{0}) == 0 ? "ok" : "no answer";
    rows.push_back(std::move(sum));
  }
  return rows;
}

const std::vector<std::string>& queue_columns() {
  static const std::vector<std::string> columns{"queue", "queued", "in_flight", "offered", "acked",
                                                "dead",  "oldest", "shards",    "status"};
  return columns;
}

std::string Selection::query() const {
  std::string text;
  // An empty value is a filter, too: without it the query would select all messages.
  const auto add = [&text](const char* name, const std::optional<std::string>& value) {
    if (!value) return;
    text += (text.empty() ? "?" : "&") + std::string(name) + '=' + http::encode_segment(*value);
  };
  add("id", id);
  add("key", key);
  add("code", code);
  add("origin_queue", origin_queue);
  if (max) add("max", std::to_string(*max));
  return text;
}

Result<std::vector<Json>> messages_of(ClusterClient& cluster, const std::string& path,
                                      Selection selection, std::uint64_t max) {
  std::vector<Json> rows;
  const auto asked = cluster.for_each([&](ServerClient& node) -> Result<void> {
    if (rows.size() >= max) return {};
    selection.max = max - rows.size();
    const auto answer = node.get(path + selection.query());
    if (!answer) return answer.error();
    for (const Json& message : answer->value("messages", Json::array())) rows.push_back(message);
    return {};
  });
  if (!asked) return asked.error();
  return rows;
}

std::string queue_path(const char* kind, const std::string& queue) {
  return std::string("/api/v1/") + kind + '/' + http::encode_segment(queue);
}

}  // namespace millrace::cli
