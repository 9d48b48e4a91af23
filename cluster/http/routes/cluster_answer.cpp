#include "cluster/http/routes/cluster_answer.hpp"

#include <algorithm>
#include <utility>

#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"

namespace millrace::http {
namespace {

/// Joins two lists; the objects of one queue become one, where each list has one of a queue at most.
void add_queues(Json& sum, const Json& part) {
  for (const Json& queue : part) {
    const auto same = std::find_if(sum.begin(), sum.end(), [&](const Json& each) {
      return each.value("queue", "") == queue.value("queue", "");
    });
    if (same == sum.end()) {
      sum.push_back(queue);
    } else {
      add_json(*same, queue);
    }
  }
}

void add_member(Json& sum, const std::string& name, const Json& value) {
  if (name == "queues" && sum.is_array() && value.is_array()) {
    add_queues(sum, value);
  } else if (sum.is_array() && value.is_array()) {
    sum.insert(sum.end(), value.begin(), value.end());
  } else if (name == "oldest_age_s") {
    if (value.is_number() && (!sum.is_number() || sum < value)) sum = value;
  } else if (sum.is_boolean() && value.is_boolean()) {
    sum = sum.get<bool>() || value.get<bool>();
  } else if (sum.is_number_unsigned() && value.is_number_unsigned()) {
    sum = sum.get<std::uint64_t>() + value.get<std::uint64_t>();
  }
}

}  // namespace

void add_json(Json& sum, const Json& part) {
  for (const auto& [name, value] : part.items()) {
    if (sum.contains(name)) {
      add_member(sum[name], name, value);
    } else {
      sum[name] = value;
    }
  }
}

void ClusterAnswer::add(const std::string& node, int status, const std::string& body) {
  Json json = Json::parse(body, nullptr, false);
  if (!json.is_object()) {
    return add_missing(node,
                       {ErrorCode::protocol, "answers with something that is no JSON object"});
  }
  if (status >= 200 && status <= 299) {
    has_answer_ = true;
    return add_json(sum_, json);
  }
  if (status == 404) {
    if (!nothing_) nothing_ = std::move(json);
    return;
  }
  missing_.push_back(
      {{"node", node}, {"code", json.value("code", "")}, {"detail", json.value("detail", "")}});
}

void ClusterAnswer::add_missing(const std::string& node, const Error& reason) {
  missing_.push_back(
      {{"node", node}, {"code", to_string(reason.code)}, {"detail", reason.message}});
}

void ClusterAnswer::add_missing_shards(const std::string& queue, std::uint64_t shards) {
  missing_shards_.push_back({{"queue", queue}, {"shards", shards}});
}

void ClusterAnswer::name_missing(Json& body) const {
  if (is_complete_) return;
  if (!missing_.empty()) body["missing_nodes"] = missing_;
  if (!missing_shards_.empty()) body["missing_shards"] = missing_shards_;
}

std::uint64_t ClusterAnswer::count(const std::string& name) const {
  const auto found = sum_.find(name);
  if (found == sum_.end()) return 0;
  return found->is_array() ? found->size() : found->get<std::uint64_t>();
}

HttpResponse ClusterAnswer::response() const {
  const bool is_whole = is_complete_ || (missing_.empty() && missing_shards_.empty());
  if (has_answer_ && (is_whole || !changes_)) {
    Json body = sum_;
    name_missing(body);
    return {.status = 200, .body = dump(body) + '\n'};
  }
  if (!has_answer_ && nothing_) {
    Json body = *nothing_;
    name_missing(body);
    return {.status = 404, .content_type = "application/problem+json", .body = dump(body) + '\n'};
  }
  std::string detail;
  for (const Json& each : missing_) {
    detail += (detail.empty() ? "missing: node " : "; node ") + each.value("node", "") + " (" +
              each.value("detail", "") + ")";
  }
  for (const Json& each : missing_shards_) {
    detail += (detail.empty() ? "missing: " : "; ") +
              std::to_string(each.value("shards", std::uint64_t{0})) + " shards of " +
              each.value("queue", "") + ", which no node serves now";
  }
  const std::string code = missing_.empty() ? std::string(to_string(ErrorCode::unreachable))
                                            : missing_.front().value("code", "");
  HttpResponse response = problem(503, code, detail);
  Json body = Json::parse(response.body);
  add_json(body, sum_);
  name_missing(body);
  response.body = dump(body) + '\n';
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

Result<bool> take_scope(HttpRequest& request) {
  const auto found = request.query.find("scope");
  if (found == request.query.end()) return true;
  const std::string scope = found->second;
  request.query.erase(found);
  if (scope == "node") return false;
  if (scope == "cluster") return true;
  return Error{ErrorCode::invalid_argument, "scope: expected node or cluster, got " + scope};
}

std::string target_for_peers(const HttpRequest& request, std::optional<std::uint64_t> max) {
  std::string target;
  for (const std::string& segment : request.path) target += '/' + encode_segment(segment);
  auto query = request.query;
  if (max) query["max"] = std::to_string(*max);
  char separator = '?';
  for (const auto& [name, value] : query) {
    target += separator + encode_segment(name) + '=' + encode_segment(value);
    separator = '&';
  }
  return target;
}

}  // namespace millrace::http
