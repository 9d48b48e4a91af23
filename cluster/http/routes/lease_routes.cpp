// What the routes for workers of external stages answer.
#include <algorithm>
#include <optional>
#include <utility>

#include "actors/base/clock.hpp"
#include "cluster/http/json/lease_json.hpp"
#include "cluster/http/message/client_session.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/lease_tokens.hpp"
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
HttpResponse lease_answer(std::vector<receivers::ExternalLease> leases,
                          const std::shared_ptr<const receivers::ExternalStages>& stages,
                          std::size_t index, const LeaseTokens& tokens) {
  HttpResponse response;
  if (leases.empty()) {
    response.status = 204;
    return response;
  }
  std::vector<std::string> given;
  for (receivers::ExternalLease& lease : leases) {
    given.push_back(lease.token);
    lease.token = tokens.outward(lease.token);
  }
  response.body = leases_text(leases, stages->spec(index), SystemClock().now_us());
  response.loss_guard = std::make_shared<LossGuard>(
      [stages, given = std::move(given)] { stages->release(given, [](const auto&) {}); });
  return response;
}

/// A lease of a call, as its worker names it.
struct Named {
  std::string outward;
  LeaseTokens::Place place;
  std::string invalid{};  ///< what is wrong with what was said of it; empty: nothing

  [[nodiscard]] bool is_own() const { return !place.token.empty() && invalid.empty(); }
};

/// All leases of a call. The places refer to `tokens`.
struct Call {
  std::shared_ptr<const LeaseTokens> tokens;
  std::vector<Named> leases{};

  void add(std::string outward, std::string invalid = {}) {
    const LeaseTokens::Place place = tokens->place_of(outward);
    leases.push_back({std::move(outward), place, std::move(invalid)});
  }
  [[nodiscard]] std::vector<std::string> own() const {
    std::vector<std::string> all;
    for (const Named& each : leases) {
      if (each.is_own()) all.push_back(each.place.token);
    }
    return all;
  }
  /// The other node that gave all of them; null: there is none, or it cannot be told where it is.
  [[nodiscard]] const Member* other() const {
    const Member* const first = leases.empty() ? nullptr : leases.front().place.other;
    const bool is_one = first != nullptr && !first->http.empty() &&
                        std::all_of(leases.begin(), leases.end(), [first](const Named& each) {
                          return each.place.other == first;
                        });
    return is_one ? first : nullptr;
  }
};

/// Answers with what became of each lease, in order.
receivers::LeaseResultsDone answer_with(Call call, const Responder& responder) {
  return [responder, call = std::move(call)](const std::vector<receivers::LeaseResult>& results) {
    Json leases = Json::array();
    std::size_t next = 0;
    for (const Named& each : call.leases) {
      if (!each.invalid.empty()) {
        leases.push_back(invalid_json(each.outward, each.invalid));
      } else if (each.place.other != nullptr) {
        leases.push_back(elsewhere_json(each.outward, *each.place.other));
      } else if (each.is_own()) {
        leases.push_back(result_json(each.outward, results[next++]));
      } else {
        leases.push_back(result_json(each.outward, receivers::LeaseResult::lease_expired));
      }
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
      [responder, stages = *stages, index = *index,
       tokens = LeaseTokens(api_.members())](std::vector<receivers::ExternalLease> leases) {
        return responder.complete(lease_answer(std::move(leases), stages, index, tokens));
      });
  responder.on_abandoned([stages = *stages, index = *index, id] { stages->cancel(index, id); });
}

void Router::complete(HttpRequest& request, const Responder& responder) {
  const auto stages = api_.external_stages();
  if (!stages) {
    responder.complete(problem(stages.error()));
    return;
  }
  Call call{std::make_shared<const LeaseTokens>(api_.members())};
  auto said = parse_outcomes(request.body, [&](const std::string& outward) {
    const LeaseTokens::Place place = call.tokens->place_of(outward);
    return place.token.empty() ? nullptr : (*stages)->stage_of(place.token);
  });
  if (!said) {
    responder.complete(problem(said.error()));
    return;
  }
  std::vector<receivers::ExternalOutcome> outcomes;
  for (SaidOfLease& one : *said) {
    call.add(one.outcome.token, std::move(one.invalid));
    if (!call.leases.back().is_own()) continue;
    one.outcome.token = call.leases.back().place.token;
    outcomes.push_back(std::move(one.outcome));
  }
  if (const Member* const other = call.other()) {
    responder.complete(elsewhere(request.target, *other, "the leases"));
    return;
  }
  expect_answer(
      responder, offer_timeout,
      "the outcomes were not confirmed in time; they may be durable yet: send them again");
  (*stages)->complete(std::move(outcomes), answer_with(std::move(call), responder));
}

void Router::extend(HttpRequest& request, const Responder& responder) {
  say_of_tokens(request, responder, true);
}

void Router::release(HttpRequest& request, const Responder& responder) {
  say_of_tokens(request, responder, false);
}

void Router::say_of_tokens(HttpRequest& request, const Responder& responder, bool extends) {
  const auto stages = api_.external_stages();
  auto asked = parse_tokens(request.body, extends);
  if (!stages || !asked) {
    responder.complete(problem(!asked ? asked.error() : stages.error()));
    return;
  }
  Call call{std::make_shared<const LeaseTokens>(api_.members())};
  for (std::string& outward : asked->tokens) call.add(std::move(outward));
  if (const Member* const other = call.other()) {
    responder.complete(elsewhere(request.target, *other, "the leases"));
    return;
  }
  expect_answer(responder, grace, "the stage did not answer in time");
  const std::vector<std::string> own = call.own();
  if (extends) {
    (*stages)->extend(own, asked->by_us, answer_with(std::move(call), responder));
  } else {
    (*stages)->release(own, answer_with(std::move(call), responder));
  }
}

}  // namespace millrace::http
