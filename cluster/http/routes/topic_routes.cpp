// What the routes about topics and their groups answer.
#include <algorithm>
#include <limits>
#include <memory>

#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/members.hpp"
#include "cluster/http/json/views_json.hpp"
#include "cluster/http/message/problem.hpp"
#include "cluster/http/routes/router.hpp"
#include "cluster/http/topics_api.hpp"

namespace millrace::http {
namespace {

constexpr std::size_t name_segment = 3;  // of /api/v1/topics/NAME and /api/v1/groups/NAME

Json topic_json(const TopicView& topic) {
  Json partitions = Json::array();
  std::uint64_t bytes = 0;
  std::uint64_t records = 0;
  for (const TopicPartitionView& each : topic.partitions) {
    partitions.push_back({{"partition", each.partition},
                          {"owner", each.owner},
                          {"first_offset", each.start},
                          {"next_offset", each.next},
                          {"bytes", each.bytes}});
    bytes += each.bytes;
    records += static_cast<std::uint64_t>(each.next - each.start);
  }
  Json groups = Json::array();
  for (const TopicGroupView& each : topic.groups) {
    groups.push_back({{"group", each.name}, {"lag", each.lag}});
  }
  Json json{{"topic", topic.name},        {"queue", topic.queue},
            {"records", records},         {"bytes", bytes},
            {"retention_s", Json()},      {"partitions", std::move(partitions)},
            {"groups", std::move(groups)}};
  if (topic.retention_us > 0) json["retention_s"] = topic.retention_us / second_us;
  return json;
}

std::string member_of(const GroupView& group, const GroupPartitionView& partition) {
  for (const GroupMemberView& member : group.members) {
    for (const auto& [topic, partitions] : member.assigned) {
      const bool has =
          topic == partition.topic &&
          std::find(partitions.begin(), partitions.end(), partition.partition) != partitions.end();
      if (has) return member.id;
    }
  }
  return {};
}

Json group_json(const GroupView& group) {
  Json partitions = Json::array();
  std::uint64_t lag = 0;
  bool is_permanent = false;
  for (const GroupPartitionView& each : group.partitions) {
    partitions.push_back({{"topic", each.topic},
                          {"partition", each.partition},
                          {"committed", each.committed ? Json(*each.committed) : Json()},
                          {"first_offset", each.start},
                          {"next_offset", each.next},
                          {"lag", each.lag},
                          {"member", member_of(group, each)}});
    lag += each.lag;
    is_permanent = is_permanent || each.is_permanent;
  }
  Json members = Json::array();
  for (const GroupMemberView& each : group.members) {
    Json assigned = Json::object();
    for (const auto& [topic, numbers] : each.assigned) assigned[topic] = numbers;
    members.push_back({{"member", each.id},
                       {"instance", each.instance},
                       {"client", each.client},
                       {"host", each.host},
                       {"assigned", std::move(assigned)}});
  }
  return {{"group", group.name},
          {"state", group.state},
          {"coordinator", group.coordinator},
          {"protocol", group.protocol},
          {"permanent", is_permanent},
          {"lag", lag},
          {"members", std::move(members)},
          {"partitions", std::move(partitions)}};
}

HttpResponse shown(const Json& body) {
  return {.status = 200, .body = dump(body) + '\n'};
}

Result<bool> flag_of(const Members& said, const std::string& name) {
  const auto value = said.find(name);
  if (!value) return false;
  if (*value != "true" && *value != "false") return wrong_body(name, "true or false");
  return *value == "true";
}

/// Where to: exactly one of the four.
Result<void> read_target(const Members& said, OffsetReset& reset) {
  const auto to = said.find("to");
  const auto offset = said.find("offset");
  const auto time = said.find("time");
  if ((to ? 1 : 0) + (offset ? 1 : 0) + (time ? 1 : 0) != 1) {
    return Error{ErrorCode::invalid_argument,
                 "body: expected one of \"to\": \"earliest\" or \"latest\", \"offset\", \"time\""};
  }
  if (to) {
    if (*to != R"("earliest")" && *to != R"("latest")") {
      return wrong_body("to", R"("earliest" or "latest")");
    }
    reset.to = *to == R"("latest")" ? OffsetReset::To::latest : OffsetReset::To::earliest;
    return {};
  }
  if (offset) {
    const auto number = integer_of(*offset, 0, std::numeric_limits<std::int64_t>::max(), "offset");
    if (!number) return number.error();
    reset.to = OffsetReset::To::offset;
    reset.value = *number;
    return {};
  }
  const auto parsed = is_string(*time) ? parse_time(string_of(*time)) : std::nullopt;
  if (!parsed) return wrong_body("time", R"(a time such as "2026-01-31T23:59:59Z")");
  reset.to = OffsetReset::To::time;
  reset.value = *parsed / 1'000;
  return {};
}

Result<OffsetReset> parse_reset(const std::string& group, const std::string& body) {
  if (auto checked = check_json(body, small_json_bounds); !checked) return checked.error();
  const auto said = Members::of(trimmed(body),
                                {"topic", "partition", "to", "offset", "time", "dry_run", "force"});
  if (!said) return said.error();
  OffsetReset reset{.group = group};
  if (const auto topic = said->find("topic")) {
    if (!is_string(*topic)) return wrong_body("topic", "a string");
    reset.topic = string_of(*topic);
  }
  if (const auto partition = said->find("partition")) {
    const auto number =
        integer_of(*partition, 0, std::numeric_limits<std::int32_t>::max(), "partition");
    if (!number) return number.error();
    if (!reset.topic) return wrong_body("topic", "the topic of the partition");
    reset.partition = static_cast<std::uint32_t>(*number);
  }
  if (auto target = read_target(*said, reset); !target) return target.error();
  const auto is_dry_run = flag_of(*said, "dry_run");
  if (!is_dry_run) return is_dry_run.error();
  const auto is_forced = flag_of(*said, "force");
  if (!is_forced) return is_forced.error();
  reset.is_dry_run = *is_dry_run;
  reset.is_forced = *is_forced;
  return reset;
}

}  // namespace

HttpResponse Router::topics(const HttpRequest& request) {
  const auto api = api_.topics();
  if (!api) return problem(api.error());
  const bool is_one = request.path.size() > name_segment;
  const auto found =
      (*api)->topics(is_one ? std::optional(request.path[name_segment]) : std::nullopt);
  if (!found) return problem(found.error());
  if (is_one) {
    Json json = topic_json(found->topics.front());
    json["unanswered"] = found->unanswered;
    return shown(json);
  }
  Json topics = Json::array();
  for (const TopicView& each : found->topics) topics.push_back(topic_json(each));
  return shown({{"topics", std::move(topics)}, {"unanswered", found->unanswered}});
}

HttpResponse Router::groups(const HttpRequest& request) {
  const auto api = api_.topics();
  if (!api) return problem(api.error());
  const bool is_one = request.path.size() > name_segment;
  const auto found =
      (*api)->groups(is_one ? std::optional(request.path[name_segment]) : std::nullopt);
  if (!found) return problem(found.error());
  if (is_one) {
    Json json = group_json(found->groups.front());
    json["unanswered"] = found->unanswered;
    return shown(json);
  }
  Json groups = Json::array();
  for (const GroupView& each : found->groups) groups.push_back(group_json(each));
  return shown({{"groups", std::move(groups)}, {"unanswered", found->unanswered}});
}

HttpResponse Router::reset_offsets(const HttpRequest& request) {
  const auto api = api_.topics();
  if (!api) return problem(api.error());
  const auto reset = parse_reset(request.path[name_segment], request.body);
  if (!reset) return problem(reset.error());
  const auto moves = (*api)->reset(*reset);
  if (!moves) return problem(moves.error());
  Json offsets = Json::array();
  for (const OffsetMove& each : *moves) {
    offsets.push_back({{"topic", each.topic},
                       {"partition", each.partition},
                       {"before", each.before ? Json(*each.before) : Json()},
                       {"after", each.after}});
  }
  return shown(
      {{"group", reset->group}, {"dry_run", reset->is_dry_run}, {"offsets", std::move(offsets)}});
}

HttpResponse Router::remove_group(const HttpRequest& request) {
  const auto api = api_.topics();
  if (!api) return problem(api.error());
  bool is_forced = false;
  for (const auto& [name, value] : request.query) {
    if (name != "force" || (value != "true" && value != "false")) {
      return problem({ErrorCode::invalid_argument,
                      "query: expected force=true or force=false, got " + name + "=" + value});
    }
    is_forced = value == "true";
  }
  const std::string& group = request.path[name_segment];
  const auto removed = (*api)->remove_group(group, is_forced);
  return removed ? shown({{"group", group}, {"removed", true}}) : problem(removed.error());
}

}  // namespace millrace::http
