// Why messages wait.
#include "cluster/http/json/message_json.hpp"
#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/filter_query.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t explained_queue_segment = 3;  // of /api/v1/queues/QUEUE/explain

Json reason_json(const queues::WaitReason& reason) {
  Json json{{"cause", queues::to_string(reason.cause)}};
  if (reason.since_us != 0) json["since"] = time_json(reason.since_us);
  if (reason.until_us != 0) json["until"] = time_json(reason.until_us);
  if (reason.sequence != 0) json["sequence"] = reason.sequence;
  if (reason.failed != 0) json["failed"] = reason.failed;
  if (!reason.reason.empty()) json["reason"] = reason.reason;
  if (!reason.by.empty()) json["by"] = reason.by;
  return json;
}

}  // namespace

HttpResponse Router::explain(const HttpRequest& request) {
  auto query = parse_filter(request.query, {.has_max = true, .max_limit = explained_max});
  if (!query) return problem(query.error());
  const std::string& queue = request.path[explained_queue_segment];
  const auto found = api_.explain(queue, query->filter, query->max.value_or(peek_max_default));
  if (!found) return problem(found.error());
  const std::string node = own_name();
  Json messages = Json::array();
  for (const Explained& each : *found) {
    const pb::Envelope& envelope = each.message.envelope;
    Json reasons = Json::array();
    for (const queues::WaitReason& reason : each.reasons) reasons.push_back(reason_json(reason));
    messages.push_back({{"queue", queue},
                        {"shard", each.shard},
                        {"node", node},
                        {"sequence", each.message.sequence},
                        {"id", id_text({envelope.id_high(), envelope.id_low()})},
                        {"key", envelope.key()},
                        {"failed", each.message.failed},
                        {"born_at", time_json(envelope.born_at_us())},
                        {"waits_for", std::move(reasons)}});
  }
  const Json body{{"queue", queue}, {"messages", std::move(messages)}};
  return {.status = 200, .body = dump(body) + '\n'};
}

}  // namespace millrace::http
