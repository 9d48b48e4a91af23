// What each route answers.
#include <algorithm>
#include <charconv>
#include <exception>

#include "actors/base/clock.hpp"
#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/message_json.hpp"
#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/filter_query.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t queue_segment = 3;    // of /api/v1/queues/NAME
constexpr std::size_t shard_segment = 4;    // of /api/v1/cluster/shards/NUMBER/move
constexpr std::size_t name_bytes_max = 64;  // of nodes and roles

HttpResponse json(const Json& body, int status = 200) {
  HttpResponse response;
  response.status = status;
  response.body = dump(body) + '\n';
  return response;
}

bool is_dead_letters(const HttpRequest& request) {
  return request.path[2] == "dlq";
}

Error no_queue(const HttpRequest& request) {
  const bool dead = is_dead_letters(request);
  return {ErrorCode::not_found,
          std::string(dead ? "no dead letter queue is called " : "no queue is called ") +
              request.path[queue_segment]};
}

bool is_member(const std::vector<Member>& members, const std::string& name) {
  return std::any_of(members.begin(), members.end(),
                     [&](const Member& member) { return member.name == name; });
}

std::string names_of(const std::vector<Member>& members) {
  std::string names;
  for (const Member& member : members) names += (names.empty() ? "" : ", ") + member.name;
  return names;
}

Json removed_json(const char* what, const Removed& removed, const std::string& node) {
  Json body{{what, removed.messages}};
  if (removed.stopped) {
    body["stopped"] = {{"code", to_string(removed.stopped->code)},
                       {"detail", removed.stopped->message}};
  }
  Json part{{"node", node}};
  part.update(body);
  body["nodes"] = Json::array({std::move(part)});
  return body;
}

/// Adds to `json`, which shows `queue`, what `node` has of it.
Json of_node(Json json, const QueueInfo& queue, const std::string& node) {
  json["nodes"] = Json::array(
      {Json{{"node", node}, {"shards", queue.shards.size()}, {"queued", queue.ledger.queued()}}});
  return json;
}

}  // namespace

HttpResponse Router::health(const HttpRequest&) {
  return {.content_type = "text/plain; charset=utf-8", .body = "ok\n"};
}

HttpResponse Router::readiness(const HttpRequest&) {
  const auto ready = api_.ready();
  if (ready) return json({{"ready", true}});
  // Whatever the reason: no work may be sent here now.
  HttpResponse response =
      problem(503, std::string(to_string(ready.error().code)), ready.error().message);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

HttpResponse Router::metrics(const HttpRequest&) {
  return {.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = metrics_.text(api_)};
}

HttpResponse Router::status(const HttpRequest&) {
  return json(to_json(api_.status(), api_.ready()));
}

HttpResponse Router::members(const HttpRequest&) {
  Json members = Json::array();
  for (const Member& member : api_.members()) members.push_back(to_json(member));
  return json({{"members", std::move(members)}});
}

HttpResponse Router::shards(const HttpRequest&) {
  Json shards = Json::array();
  for (const ShardView& shard : api_.shards()) shards.push_back(to_json(shard));
  return json({{"shards", std::move(shards)}});
}

HttpResponse Router::move_shard(const HttpRequest& request) {
  const std::string& text = request.path[shard_segment];
  std::uint32_t shard = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), shard);
  if (error != std::errc() || end != text.data() + text.size()) {
    return problem({ErrorCode::invalid_argument, "shard: expected a number, got " + text});
  }
  const auto body = parse_json(request.body, small_json_bounds);
  const auto text_of = [&body](const char* name) -> std::optional<std::string> {
    if (!body || !body->is_object()) return std::nullopt;
    const auto found = body->find(name);
    if (found == body->end() || !found->is_string()) return std::nullopt;
    return found->get<std::string>();
  };
  const auto to = text_of("to");
  if (!to) {
    return problem({ErrorCode::invalid_argument,
                    "body: expected {\"to\": the name of a node, \"role\": that of the shard's "
                    "queues, if they have one}"});
  }
  const std::string role = text_of("role").value_or("");
  if (to->size() > name_bytes_max || role.size() > name_bytes_max) {
    return problem({ErrorCode::invalid_argument, "body: expected names of at most " +
                                                     std::to_string(name_bytes_max) + " bytes"});
  }
  if (const auto members = api_.members(); !is_member(members, *to)) {
    return problem({ErrorCode::not_found,
                    "to: no node is called " + *to + "; there are " + names_of(members)});
  }
  if (auto begun = api_.move_shard(role, shard, *to); !begun) return problem(begun.error());
  return json({{"role", role}, {"shard", shard}, {"moving_to", *to}}, 202);
}

HttpResponse Router::remove_node(const HttpRequest& request) {
  const auto body = parse_json(request.body, small_json_bounds);
  std::string node;
  bool accepts_loss = false;
  if (body && body->is_object()) {
    const Json name = body->value("node", Json());
    if (name.is_string()) node = name.get<std::string>();
    accepts_loss = body->value("accept_loss", Json()) == Json(true);
  }
  if (node.empty() || node.size() > name_bytes_max || !accepts_loss) {
    return problem({ErrorCode::invalid_argument,
                    "body: expected {\"node\": name of a node that is not configured any more, "
                    "\"accept_loss\": true}"});
  }
  if (auto given_up = api_.give_up(node); !given_up) return problem(given_up.error());
  return json({{"node", node}, {"given_up", true}}, 202);
}

HttpResponse Router::drain(const HttpRequest&) {
  if (auto begun = api_.drain(); !begun) return problem(begun.error());
  return json({{"node", api_.status().node}, {"draining", true}}, 202);
}

HttpResponse Router::back_up(const HttpRequest& request) {
  const auto body = parse_json(request.body, small_json_bounds);
  const bool has_target =
      body && body->is_object() && body->contains("target") && body->at("target").is_string();
  if (!has_target) {
    return problem({ErrorCode::invalid_argument,
                    "body: expected {\"target\": the path of a new or empty directory}"});
  }
  const auto target = body->at("target").get<std::string>();
  const auto written = api_.back_up(target);
  if (!written) return problem(written.error());
  return json({{"target", target},
               {"files", written->files},
               {"bytes", written->bytes},
               {"last_record", written->last_lsn}});
}

HttpResponse Router::queues(const HttpRequest& request) {
  Json queues = Json::array();
  for (const QueueInfo& queue : api_.queues()) {
    if (is_dead_letters(request) && !queue.is_dead_letter) continue;
    queues.push_back(of_node(to_json(queue, SystemClock().now_us()), queue, own_name()));
  }
  return json({{"queues", std::move(queues)}});
}

HttpResponse Router::queue(const HttpRequest& request) {
  for (const QueueInfo& queue : api_.queues()) {
    if (queue.name != request.path[queue_segment]) continue;
    const std::string node = own_name();
    Json body = of_node(to_json(queue, SystemClock().now_us()), queue, node);
    Json& served = body["served"] = Json::array();
    for (const QueueInfo::Shard& shard : queue.shards) {
      served.push_back({{"shard", shard.number}, {"node", node}, {"queued", shard.queued}});
    }
    return json(body);
  }
  return problem(no_queue(request));
}

HttpResponse Router::peek(const HttpRequest& request) {
  auto query = parse_filter(request.query, {.has_max = true, .max_limit = 1'000});
  if (!query) return problem(query.error());
  const std::string& name = request.path[queue_segment];
  if (is_dead_letters(request) && !is_dead_letter_queue(api_, name)) {
    return problem(no_queue(request));
  }
  const auto messages = api_.peek(name, query->max.value_or(peek_max_default), query->filter);
  if (!messages) return problem(messages.error());
  // A payload of bytes is twice as long in hexadecimal digits, and what a peer asks for has at most 16 MiB.
  const std::size_t bytes_max = request.is_from_peer ? 4u << 20 : 8u << 20;
  const std::string node = own_name();
  Json shown = Json::array();
  std::size_t bytes = 0;
  for (const MessageView& message : *messages) {
    bytes += message.envelope.payload().size();
    if (bytes > bytes_max && !shown.empty()) break;
    // Dead letters of several types share a queue; their own origin tells the type.
    const std::string& carrier =
        message.envelope.has_dead_letter() ? message.envelope.dead_letter().origin_queue() : name;
    shown.push_back(message_json(message, api_.type_of(carrier)));
    shown.back()["node"] = node;
  }
  return json({{"queue", name}, {"messages", std::move(shown)}});
}

HttpResponse Router::remove(const HttpRequest& request) {
  const bool dead = is_dead_letters(request);
  auto query = parse_filter(request.query, {.has_max = true, .has_all = dead});
  if (!query) return problem(query.error());
  const std::string& name = request.path[queue_segment];
  if (dead && !is_dead_letter_queue(api_, name)) return problem(no_queue(request));
  if (dead && query->filter.is_any() && !query->all) {
    return problem({ErrorCode::invalid_argument,
                    "query: expected id, key, code or origin_queue; or all=true, to drop all"});
  }
  const auto removed = api_.drop(name, query->filter, query->max.value_or(no_maximum));
  return removed ? json(removed_json("dropped", *removed, own_name())) : problem(removed.error());
}

HttpResponse Router::redrive(const HttpRequest& request) {
  auto query = parse_filter(request.query, {.has_max = true});
  if (!query) return problem(query.error());
  const auto removed =
      api_.redrive(request.path[queue_segment], query->filter, query->max.value_or(no_maximum));
  return removed ? json(removed_json("redriven", *removed, own_name())) : problem(removed.error());
}

HttpResponse Router::pipelines(const HttpRequest&) {
  Json pipelines = Json::array();
  for (const PipelineGraph& pipeline : api_.pipelines()) pipelines.push_back(to_json(pipeline));
  return json({{"pipelines", std::move(pipelines)}});
}

HttpResponse Router::events(const HttpRequest&) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.stream = feed_.open();
  if (response.stream) return response;
  response = problem(503, "too_many_streams", "all streams of events are taken");
  response.headers.emplace_back("Retry-After", "10");
  return response;
}

HttpResponse Router::resource(const HttpRequest& request) {
  const auto resource = std::find_if(resources_.begin(), resources_.end(), [&](const Resource& r) {
    return r.prefix == request.path[2];
  });
  const std::string& key = request.path[3];
  std::string rest;
  for (std::size_t i = 4; i < request.path.size(); ++i) {
    rest += (rest.empty() ? "" : "/") + request.path[i];
  }
  const auto state = api_.key(resource->queue, key);
  if (!state && state.error().code == ErrorCode::not_owner) {
    return elsewhere(request.target, resource->queue, key);
  }
  if (!state && state.error().code == ErrorCode::not_found) {
    return problem({ErrorCode::not_found, "there is nothing called " + key});
  }
  if (!state) return problem(state.error());
  const auto shown = resource->show(*state, rest);
  return shown ? json(*shown) : problem(shown.error());
}

HttpResponse Router::application(const HttpRequest& request) {
  const auto resource = std::find_if(resources_.begin(), resources_.end(), [&](const Resource& r) {
    return r.prefix == request.path[2];
  });
  try {
    auto answer = resource->answer(request);
    return answer ? *std::move(answer) : problem(answer.error());
  } catch (const std::exception& error) {
    return problem({ErrorCode::handler_failed, error.what()});
  }
}

HttpResponse Router::elsewhere(const std::string& target, const std::string& queue,
                               const std::string& key) {
  return elsewhere(target, api_.owner(queue, key), key);
}

HttpResponse Router::elsewhere(const std::string& target, const std::string& queue,
                               std::uint32_t shard) {
  const std::string what = "shard " + std::to_string(shard) + " of " + queue;
  const std::string name = api_.owner_name(queue, shard);
  for (const Member& member : api_.members()) {
    if (name.empty() || member.name != name) continue;
    if (!member.is_self) return elsewhere(target, member, what);
    return problem({ErrorCode::unreachable, what + " is being moved to another node"});
  }
  return elsewhere(target, std::nullopt, what);
}

HttpResponse Router::elsewhere(const std::string& target, const std::optional<Member>& owner,
                               const std::string& what) {
  if (!owner) {
    return problem({ErrorCode::unreachable, "nobody knows now which node serves " + what});
  }
  HttpResponse response =
      problem({ErrorCode::not_owner, "node " + owner->name + " serves " + what});
  if (owner->is_self || owner->http.empty()) return response;
  response.status = 307;
  response.headers.emplace_back("Location", "http://" + owner->http + target);
  return response;
}

}  // namespace millrace::http
