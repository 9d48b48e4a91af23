// What the routes for workers of external stages answer.
#include <algorithm>
#include <optional>
#include <utility>

#include "actors/base/clock.hpp"
#include "cluster/http/json/lease_json.hpp"
#include "cluster/http/message/client_session.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t pipeline_segment = 3;  // of /api/v1/stages/PIPELINE/STAGE/leases
constexpr std::size_t stage_segment = 4;
constexpr std::size_t leased_queue_segment = 3;  // of /api/v1/queues/QUEUE/leases
constexpr std::chrono::seconds grace{10};

/// Index of the stage whose messages workers of `queue` get. Fails with `not_found` (no such queue), or
/// with `invalid_argument`: a stage of the program reads the queue, or it gives no leases.
Result<std::size_t> leased_queue(NodeApi& api, const receivers::ExternalStages& stages,
                                 const std::string& queue) {
  if (const auto index = stages.find(receivers::leased_queues, queue)) return index;
  bool is_known = false;
  for (const PipelineGraph& pipeline : api.pipelines()) {
    for (const StageNode& stage : pipeline.stages) {
      const auto& targets = stage.targets;
      is_known = is_known || stage.dead_letter == queue ||
                 std::find(targets.begin(), targets.end(), queue) != targets.end();
      if (stage.source != queue) continue;
      std::string detail = "stage " + stage.name + " of pipeline " + pipeline.name +
                           " reads queue " + queue + ": expected a queue that no stage reads";
      if (stages.find(pipeline.name, stage.name)) {
        detail += ", or its messages asked for at /api/v1/stages/" + pipeline.name + '/' +
                  stage.name + "/leases";
      }
      return Error{ErrorCode::invalid_argument, std::move(detail)};
    }
  }
  if (!is_known) return Error{ErrorCode::not_found, "no pipeline has a queue " + queue};
  return Error{ErrorCode::invalid_argument,
               "queue " + queue +
                   " gives no leases: expected `leases = true` in its [[queue]] of the "
                   "configuration, which a queue of topics or dead letters cannot have"};
}

/// A shard of `queue` that another node serves, if this node serves none of them and every one is served.
std::optional<std::uint32_t> served_elsewhere(NodeApi& api, const std::string& queue) {
  const NodeStatus status = api.status();
  for (std::uint32_t shard = 0; shard < status.shards; ++shard) {
    const std::string owner = api.owner_name(queue, shard);
    if (owner.empty() || owner == status.node) return std::nullopt;
  }
  return status.shards == 0 ? std::nullopt : std::optional<std::uint32_t>(0);
}

/// The answer with `leases`, which are released if nobody takes it.
HttpResponse lease_answer(const std::vector<receivers::ExternalLease>& leases,
                          const std::shared_ptr<const receivers::ExternalStages>& stages,
                          std::size_t index) {
  HttpResponse response;
  if (leases.empty()) {
    response.status = 204;
    return response;
  }
  response.body = leases_text(leases, stages->spec(index), SystemClock().now_us());
  std::vector<std::string> tokens;
  for (const receivers::ExternalLease& lease : leases) tokens.push_back(lease.token);
  response.loss_guard = std::make_shared<LossGuard>(
      [stages, tokens = std::move(tokens)] { stages->release(tokens, [](const auto&) {}); });
  return response;
}

receivers::LeaseResultsDone answer_with(std::vector<std::string> tokens,
                                        const Responder& responder) {
  return
      [responder, tokens = std::move(tokens)](const std::vector<receivers::LeaseResult>& results) {
        Json leases = Json::array();
        for (std::size_t i = 0; i < results.size(); ++i) {
          leases.push_back(result_json(tokens[i], results[i]));
        }
        HttpResponse response;
        response.body = dump({{"leases", std::move(leases)}}) + '\n';
        responder.complete(std::move(response));
      };
}

/// Answers with the results of what was said rightly, and what is wrong with the rest, in order.
receivers::LeaseResultsDone answer_with(std::vector<SaidOfLease> said, const Responder& responder) {
  return [responder, said = std::move(said)](const std::vector<receivers::LeaseResult>& results) {
    Json leases = Json::array();
    std::size_t next = 0;
    for (const SaidOfLease& one : said) {
      leases.push_back(one.invalid.empty() ? result_json(one.outcome.token, results[next++])
                                           : invalid_json(one.outcome.token, one.invalid));
    }
    HttpResponse response;
    response.body = dump({{"leases", std::move(leases)}}) + '\n';
    responder.complete(std::move(response));
  };
}

/// Also the answer if the node stops meanwhile.
void expect_answer(const Responder& responder, std::chrono::microseconds within,
                   const std::string& what) {
  responder.expect_by(std::chrono::steady_clock::now() + within,
                      problem({ErrorCode::timeout, what}));
}

}  // namespace

void Router::lease(HttpRequest& request, const Responder& responder) {
  const auto asked = parse_lease_request(request.body);
  if (!asked) {
    responder.complete(problem(asked.error()));
    return;
  }
  const auto stages = api_.external_stages();
  if (!stages) {
    responder.complete(problem(stages.error()));
    return;
  }
  const bool is_of_queue = request.path[2] == "queues";
  const auto index =
      is_of_queue ? leased_queue(api_, **stages, request.path[leased_queue_segment])
                  : (*stages)->find(request.path[pipeline_segment], request.path[stage_segment]);
  if (!index) {
    responder.complete(problem(index.error()));
    return;
  }
  if (const auto shard = served_elsewhere(api_, (*stages)->spec(*index).source.name)) {
    responder.complete(elsewhere(request.target, (*stages)->spec(*index).source.name, *shard));
    return;
  }
  expect_answer(responder, std::chrono::microseconds(asked->wait_us) + grace,
                "the stage did not answer in time");
  receivers::Wait wait;
  wait.max = asked->max;
  wait.lease_us = asked->lease_us;
  wait.until_us = time_after(SystemClock().steady_us(), asked->wait_us);
  if (asked->is_session && request.session) {
    wait.session = request.session->id();
    request.session->on_end(
        [stages = *stages, session = wait.session] { stages->end_session(session); });
  }
  const receivers::WaitId id = (*stages)->ask(
      *index, wait,
      [responder, stages = *stages, index = *index](std::vector<receivers::ExternalLease> leases) {
        return responder.complete(lease_answer(leases, stages, index));
      });
  responder.on_abandoned([stages = *stages, index = *index, id] { stages->cancel(index, id); });
}

void Router::complete(HttpRequest& request, const Responder& responder) {
  const auto stages = api_.external_stages();
  if (!stages) {
    responder.complete(problem(stages.error()));
    return;
  }
  auto said = parse_outcomes(request.body,
                             [&](const std::string& token) { return (*stages)->stage_of(token); });
  if (!said) {
    responder.complete(problem(said.error()));
    return;
  }
  std::vector<receivers::ExternalOutcome> outcomes;
  for (SaidOfLease& one : *said) {
    if (one.invalid.empty()) {
      outcomes.push_back(std::exchange(one.outcome, {.token = one.outcome.token}));
    }
  }
  expect_answer(
      responder, offer_timeout,
      "the outcomes were not confirmed in time; they may be durable yet: send them again");
  (*stages)->complete(std::move(outcomes), answer_with(*std::move(said), responder));
}

void Router::extend(HttpRequest& request, const Responder& responder) {
  const auto stages = api_.external_stages();
  auto asked = parse_tokens(request.body, true);
  if (!stages || !asked) {
    responder.complete(problem(!asked ? asked.error() : stages.error()));
    return;
  }
  expect_answer(responder, grace, "the stage did not answer in time");
  (*stages)->extend(asked->tokens, asked->by_us, answer_with(asked->tokens, responder));
}

void Router::release(HttpRequest& request, const Responder& responder) {
  const auto stages = api_.external_stages();
  auto asked = parse_tokens(request.body, false);
  if (!stages || !asked) {
    responder.complete(problem(!asked ? asked.error() : stages.error()));
    return;
  }
  expect_answer(responder, grace, "the stage did not answer in time");
  (*stages)->release(asked->tokens, answer_with(asked->tokens, responder));
}

}  // namespace millrace::http
