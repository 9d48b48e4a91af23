// The route by which operators define queues while nodes run.
#include <utility>

#include "cluster/http/json/definition_json.hpp"
#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/router.hpp"
#include "messages/hash.hpp"

namespace millrace::http {
namespace {

/// What a peer's answer says if it is no success.
Error error_of(const std::string& peer, const Result<PeerAnswer>& answer) {
  if (!answer) return {answer.error().code, "node " + peer + ": " + answer.error().message};
  const Json said = Json::parse(answer->body, nullptr, false);
  const std::string detail = said.is_object() ? said.value("detail", "") : "";
  const auto code = said.is_object() ? error_code_called(said.value("code", "")) : std::nullopt;
  return {
      code.value_or(ErrorCode::protocol),
      "node " + peer + ": " +
          (detail.empty() ? "it answers with status " + std::to_string(answer->status) : detail)};
}

}  // namespace

Result<void> Router::define_at(const std::string& node, const HttpRequest& request,
                               const pb::QueueDefinition& definition) {
  if (node == own_name()) return api_.define_queue(definition);
  PeerAsker* const asker = api_.peer_asker();
  if (asker == nullptr) {
    return Error{ErrorCode::unreachable, "node " + node + ": this process asks no other node"};
  }
  const auto answers = asker->ask({node},
                                  {.method = request.method,
                                   .target = request.target,
                                   .body = request.body,
                                   .client = request.peer},
                                  ask_timeout);
  if (answers.front() && answers.front()->status < 300) return {};
  return error_of(node, answers.front());
}

// The owner of the shard of its name comes first, so that of two definitions of one name only one is taken.
HttpResponse Router::define_queue(const HttpRequest& request) {
  const auto definition = parse_definition(request.body);
  if (!definition) return problem(definition.error());
  const std::string self = own_name();
  Json body = to_json(*definition);
  body["nodes"] = Json::array();
  if (request.is_from_peer) {
    if (auto defined = api_.define_queue(*definition); !defined) return problem(defined.error());
    body["nodes"].push_back(self);
    return {.status = 200, .body = dump(body) + '\n'};
  }
  const std::string& name = definition->name();
  const std::string first = api_.owner_name(name, shard_of(name, api_.status().shards));
  if (first.empty()) {
    return problem({ErrorCode::unreachable, "the shard of the name " + name + " has no owner yet"});
  }
  if (auto defined = define_at(first, request, *definition); !defined) {
    return problem(defined.error());
  }
  body["nodes"].push_back(first);
  Json missing = Json::array();
  for (const Member& member : api_.members()) {
    if (member.name == first || member.state == "removed") continue;
    if (auto defined = define_at(member.name, request, *definition); defined) {
      body["nodes"].push_back(member.name);
    } else {
      missing.push_back({{"node", member.name}, {"reason", defined.error().message}});
    }
  }
  // They ask for it by themselves, as soon as they can.
  if (!missing.empty()) body["missing_nodes"] = std::move(missing);
  return {.status = 200, .body = dump(body) + '\n'};
}

}  // namespace millrace::http
