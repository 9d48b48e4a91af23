#include "cluster/http/json/pause_json.hpp"

#include <optional>
#include <utility>

#include "cluster/http/json/members.hpp"
#include "cluster/http/json/message_json.hpp"

namespace millrace::http {
namespace {

constexpr DurationUs year_us = 365LL * 86'400 * second_us;

/// The text of a member; nullopt: the body does not have it.
Result<std::optional<std::string>> text_of(const Members& said, const std::string& name) {
  const auto value = said.find(name);
  if (!value) return std::optional<std::string>();
  if (!is_string(*value) || string_of(*value).empty()) return wrong_body(name, "a text");
  return std::optional(string_of(*value));
}

Result<void> read_what(const Members& said, PauseRequest& request) {
  int named = 0;
  for (const auto& [name, field] :
       {std::pair("queue", &request.queue), std::pair("stage", &request.stage),
        std::pair("pipeline", &request.pipeline), std::pair("role", &request.role)}) {
    auto text = text_of(said, name);
    if (!text) return text.error();
    if (!*text) continue;
    *field = **std::move(text);
    ++named;
  }
  if (named != 1) {
    return Error{ErrorCode::invalid_argument,
                 R"(body: expected one of "queue", "stage", "pipeline" and "role")"};
  }
  auto key = text_of(said, "key");
  if (!key) return key.error();
  if (!*key) return {};
  if (request.queue.empty() && request.stage.empty()) {
    return wrong_body("key", R"(it beside "queue" or "stage" only)");
  }
  request.command.key = **std::move(key);
  return {};
}

Result<void> read_end(const Members& said, queues::PauseCommand& command) {
  const auto span = said.find("for");
  const auto until = said.find("until");
  if (span && until) return wrong_body("until", R"(one of "for" and "until")");
  if (span) {
    const auto duration = duration_of(*span, 1'000, 100 * year_us, "for");
    if (!duration) return duration.error();
    command.for_us = *duration;
  }
  if (until) {
    const auto time = is_string(*until) ? parse_time(string_of(*until)) : std::nullopt;
    if (!time) return wrong_body("until", R"(a time such as "2026-01-31T23:59:59Z")");
    command.until_us = *time;
  }
  return {};
}

}  // namespace

Result<PauseRequest> parse_pause(const std::string& body, bool resumes, const std::string& client) {
  if (auto checked = check_json(body, small_json_bounds); !checked) return checked.error();
  const auto said = resumes
                        ? Members::of(trimmed(body), {"queue", "stage", "pipeline", "role", "key"})
                        : Members::of(trimmed(body), {"queue", "stage", "pipeline", "role", "key",
                                                      "for", "until", "reason", "by"});
  if (!said) return said.error();
  PauseRequest request;
  request.command.resumes = resumes;
  if (auto what = read_what(*said, request); !what) return what.error();
  if (resumes) return request;
  if (auto end = read_end(*said, request.command); !end) return end.error();
  auto reason = text_of(*said, "reason");
  if (!reason) return reason.error();
  auto by = text_of(*said, "by");
  if (!by) return by.error();
  request.command.reason = reason->value_or("");
  request.command.by = by->value_or(client);
  return request;
}

std::vector<Json> pauses_json(const QueueInfo& queue) {
  std::vector<Json> all;
  for (const QueueInfo::Paused& each : queue.paused) {
    Json json{{"queue", queue.name}, {"shard", each.shard}, {"key", Json()}};
    if (!each.key.empty()) json["key"] = each.key;
    json["since"] = time_json(each.pause.since_us);
    json["until"] = time_json(each.pause.until_us);
    json["reason"] = each.pause.reason;
    json["by"] = each.pause.by;
    all.push_back(std::move(json));
  }
  return all;
}

Json breaker_json(const StageCounts::Breaker& breaker) {
  using Phase = StageCounts::Breaker::Phase;
  const char* state = "none";
  if (breaker.phase == Phase::closed) state = "closed";
  if (breaker.phase == Phase::open) state = "open";
  if (breaker.phase == Phase::recovering) state = "recovering";
  return {{"state", state},
          {"since", time_json(breaker.open_since_us)},
          {"trips", breaker.trips},
          {"probes", breaker.probes}};
}

}  // namespace millrace::http
