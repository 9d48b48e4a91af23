#include "apps/cli/client/server_queues.hpp"

#include <algorithm>
#include <utility>

#include "cluster/http/message/http_message.hpp"

namespace millrace::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string status_of(const Json& queue) {
  if (queue.value("unanswered", std::uint64_t{0}) > 0) return "no answer";
  const auto shards = queue.value("paused_shards", std::uint64_t{0});
  const auto keys = queue.value("paused_keys", std::uint64_t{0});
  if (shards > 0 && shards == queue.value("shards", std::uint64_t{0})) return "paused";
  if (shards > 0) return "paused in " + std::to_string(shards) + " shards";
  if (keys > 0) return std::to_string(keys) + (keys == 1 ? " key paused" : " keys paused");
  return "ok";
}

}  // namespace

Result<std::vector<Json>> queues_of(FrontClient& front) {
  const auto answer = front.get("/api/v1/queues");
  if (!answer) return answer.error();
  std::vector<Json> rows = answer->value("queues", std::vector<Json>());
  for (Json& queue : rows) queue["status"] = status_of(queue);
  std::sort(rows.begin(), rows.end(), [](const Json& a, const Json& b) {
    return a.value("queue", "") < b.value("queue", "");
  });
  return rows;
}

void shorten(Json& queue) {
  const auto age = queue.find("oldest_age_s");
  if (age != queue.end() && age->is_number()) queue["oldest"] = span_text(age->get<double>());
  if (queue.value("status", "") == "ok" && queue.value("blocked", false)) {
    queue["status"] = "waits for the next queue";
  }
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

Result<std::vector<Json>> messages_of(FrontClient& front, const std::string& path,
                                      Selection selection, std::uint64_t max) {
  selection.max = max;
  const auto answer = front.get(path + selection.query());
  if (!answer) return answer.error();
  return answer->value("messages", std::vector<Json>());
}

std::string queue_path(const char* kind, const std::string& queue) {
  return std::string("/api/v1/") + kind + '/' + http::encode_segment(queue);
}

}  // namespace millrace::cli
