// Routes that any node answers for the whole cluster: see docs/http.md, "One node answers for all".
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/cluster_answer.hpp"
#include "cluster/http/routes/router.hpp"

namespace millrace::http {
namespace {

/// A list of messages takes no more answers beyond.
constexpr std::size_t messages_bytes_max = 8u << 20;

/// The members that have a part in what the cluster holds. One that has left, and given its shards away, has none.
std::vector<std::string> peers_of(const std::vector<Member>& members) {
  std::vector<std::string> peers;
  for (const Member& member : members) {
    const bool is_gone = member.state == "removed" && member.served_shards.empty();
    if (!member.is_self && !is_gone) peers.push_back(member.name);
  }
  return peers;
}

/// How many messages a request asks for at most, from all nodes together.
std::optional<std::uint64_t> max_of(const HttpRequest& request) {
  const auto found = request.query.find("max");
  if (found == request.query.end()) {
    const bool is_peek = request.method != "DELETE" && request.path.back() == "messages";
    return is_peek ? std::optional<std::uint64_t>(Router::peek_max_default) : std::nullopt;
  }
  std::uint64_t max = 0;
  const std::string& text = found->second;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), max);
  static_cast<void>(end);
  return error == std::errc() ? std::optional(max) : std::nullopt;
}

/// Messages that an answer is about.
std::uint64_t messages_of(const ClusterAnswer& answer) {
  return answer.count("messages") + answer.count("dropped") + answer.count("redriven");
}

/// How many shards of each queue were paused or resumed; nullopt: the request is another one.
std::optional<std::map<std::string, std::uint64_t>> shards_done(const HttpRequest& request,
                                                                const ClusterAnswer& answer) {
  const std::string& what = request.path.back();
  if (what != "pause" && what != "resume") return std::nullopt;
  std::map<std::string, std::uint64_t> done;
  for (const Json& queue :
       answer.sum().value(what == "pause" ? "paused" : "resumed", Json::array())) {
    done[queue.value("queue", "")] += queue.value("shards", std::uint64_t{0});
  }
  return done;
}

bool names_key(const HttpRequest& request) {
  const Json asked = Json::parse(request.body, nullptr, false);
  return asked.is_object() && asked.contains("key");
}

/// Whether a key was paused or resumed: it lies in one shard, so no other node has a part in it.
bool has_key_done(const HttpRequest& request, const ClusterAnswer& answer) {
  const auto done = shards_done(request, answer);
  if (!done || !names_key(request)) return false;
  return std::any_of(done->begin(), done->end(),
                     [](const auto& queue) { return queue.second > 0; });
}

/// A shard that no node serves has no queue that could be paused: it has no owner yet, or is being moved.
void add_missing_shards(const HttpRequest& request, std::uint32_t shards, ClusterAnswer& answer) {
  const auto done = shards_done(request, answer);
  if (!done) return;
  const std::uint64_t expected = names_key(request) ? 1 : shards;
  for (const auto& [queue, count] : *done) {
    if (count < expected) answer.add_missing_shards(queue, expected - count);
  }
}

}  // namespace

void Router::ask(const std::vector<std::string>& peers, const HttpRequest& request,
                 std::optional<std::uint64_t> max, ClusterAnswer& answer) {
  PeerAsker* const asker = api_.peer_asker();
  if (asker == nullptr) {
    for (const std::string& peer : peers) {
      answer.add_missing(peer, {ErrorCode::unreachable, "this process asks no other node"});
    }
    return;
  }
  const bool is_lasting = request.method == "DELETE" || request.path.back() == "redrive";
  const auto answers = asker->ask(peers,
                                  {.method = request.method == "HEAD" ? "GET" : request.method,
                                   .target = target_for_peers(request, max),
                                   .body = request.body,
                                   .client = request.peer},
                                  is_lasting ? lasting_timeout : ask_timeout);
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const Result<PeerAnswer>& each = answers[i];
    if (each) {
      answer.add(peers[i], each->status, each->body);
    } else {
      answer.add_missing(peers[i], each.error());
    }
  }
}

HttpResponse Router::over_nodes(HttpRequest& request,
                                HttpResponse (Router::*local)(const HttpRequest&)) {
  const auto is_of_cluster = take_scope(request);
  if (!is_of_cluster) return problem(is_of_cluster.error());
  const std::vector<Member> members = api_.members();
  const std::vector<std::string> peers =
      *is_of_cluster && !request.is_from_peer ? peers_of(members) : std::vector<std::string>();
  HttpResponse own = (this->*local)(request);
  // What is wrong with the request is so everywhere, and nothing was done.
  const bool is_refused = own.status >= 400 && own.status < 500 && own.status != 404;
  if (peers.empty() || is_refused) return own;
  ClusterAnswer answer(request.method != "GET" && request.method != "HEAD");
  answer.add(own_name(), own.status, own.body);
  if (has_key_done(request, answer)) return own;
  const auto max = max_of(request);
  if (!max) {
    ask(peers, request, std::nullopt, answer);
    if (has_key_done(request, answer)) answer.complete();
    add_missing_shards(request, api_.status().shards, answer);
    return answer.response();
  }
  // One after the other: each may take what those before have left.
  std::size_t bytes = own.body.size();
  for (const std::string& peer : peers) {
    const std::uint64_t done = messages_of(answer);
    if (done >= *max || bytes > messages_bytes_max) break;
    ask({peer}, request, *max - done, answer);
    bytes = dump(answer.sum()).size();
  }
  return answer.response();
}

std::string Router::own_name() {
  return api_.status().node;
}

Admission Router::admit_question(HttpRequest& request) {
  Admission admission;
  request.is_from_peer = true;
  if (auto parsed = parse_target(request); !parsed) {
    admission.refusal = problem(parsed.error());
    return admission;
  }
  std::string allowed;
  const Route* const route = find(request, allowed);
  if (route == nullptr || !route->is_of_cluster) {
    admission.refusal =
        problem({ErrorCode::unsupported_version,
                 "this version answers no other node to " + request.method + ' ' + request.target});
    return admission;
  }
  admission.lane = route->lane;
  return admission;
}

}  // namespace millrace::http
