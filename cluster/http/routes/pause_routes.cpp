// What the routes about pauses and breakers answer.
#include "cluster/http/json/pause_json.hpp"
#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {

HttpResponse Router::set_paused(const HttpRequest& request, bool resumes) {
  const auto wanted = parse_pause(request.body, resumes, request.peer);
  if (!wanted) return problem(wanted.error());
  const auto done = api_.pause(*wanted);
  if (!done) return problem(done.error());
  const std::string node = own_name();
  Json queues = Json::array();
  for (const PausedQueue& each : *done) {
    queues.push_back({{"queue", each.queue}, {"shards", each.shards}, {"node", node}});
  }
  const Json body{{resumes ? "resumed" : "paused", std::move(queues)}};
  return {.status = 200, .body = dump(body) + '\n'};
}

HttpResponse Router::pause(const HttpRequest& request) {
  return set_paused(request, false);
}

HttpResponse Router::resume(const HttpRequest& request) {
  return set_paused(request, true);
}

HttpResponse Router::pauses(const HttpRequest&) {
  const std::string node = own_name();
  Json pauses = Json::array();
  std::uint64_t unanswered = 0;
  for (const QueueInfo& queue : api_.queues()) {
    unanswered += queue.unanswered;
    for (Json& pause : pauses_json(queue)) {
      pause["node"] = node;
      pauses.push_back(std::move(pause));
    }
  }
  const Json body{{"pauses", std::move(pauses)}, {"unanswered", unanswered}};
  return {.status = 200, .body = dump(body) + '\n'};
}

HttpResponse Router::stages(const HttpRequest&) {
  const std::string node = own_name();
  Json stages = Json::array();
  for (const StageCounts& stage : api_.stages()) {
    stages.push_back({{"pipeline", stage.pipeline},
                      {"stage", stage.stage},
                      {"node", node},
                      {"acked", stage.acked},
                      {"retried", stage.retried},
                      {"rejected", stage.rejected},
                      {"failed", stage.failed},
                      {"postponed", stage.postponed},
                      {"overran", stage.overran},
                      {"breaker", breaker_json(stage.breaker)}});
  }
  const Json body{{"stages", std::move(stages)}};
  return {.status = 200, .body = dump(body) + '\n'};
}

}  // namespace millrace::http
