#include "cluster/http/json/lease_json.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "actors/stage/message_options.hpp"
#include "cluster/http/json/bounded_json.hpp"
#include "cluster/http/json/headers_json.hpp"
#include "cluster/http/json/json_message.hpp"
#include "cluster/http/json/members.hpp"
#include "cluster/http/json/message_json.hpp"
#include "cluster/http/json/raw_json.hpp"
#include "messages/envelope.hpp"

namespace millrace::http {
namespace {

constexpr std::uint32_t messages_max = 1'000;
constexpr DurationUs wait_max_us = 60 * second_us;
constexpr DurationUs day_us = 24 * 3'600 * second_us;
/// A year: longer than a lease may last, and the times of messages still fit.
constexpr DurationUs timer_max_us = 366 * day_us;
constexpr std::size_t leases_max = 1'000;
/// Of the outcomes of `leases_max` leases, each with a few outputs.
constexpr JsonBounds outcomes_bounds{.elements_max = 1'000'000, .depth_max = 72};

/// Reads what is said of one lease.
class OutcomeReader {
 public:
  explicit OutcomeReader(const StageSpec& stage) : stage_(stage) {}

  Result<void> read(const Members& said, receivers::ExternalOutcome& outcome) const {
    const auto outcomes = said.find("outcomes");
    if (!outcomes || !is_array(*outcomes)) {
      return wrong_body("outcomes", "an array with an outcome for each message of the lease");
    }
    std::size_t i = 0;
    for (const std::string_view one : raw_elements(*outcomes)) {
      auto result = message(one, "outcomes[" + std::to_string(i++) + "]");
      if (!result) return result.error();
      outcome.results.push_back(std::move(*result));
    }
    const auto state = said.find("state");
    if (!state) return {};
    if (!stage_.keeps_state) {
      return wrong_body("state", "none: the messages of stage " + stage_.name + " have no key");
    }
    if (*state == "null") {
      outcome.state_erased = true;
      return {};
    }
    auto value = serialized(stage_.state_type, *state, "state");
    if (!value) return value.error();
    outcome.next_state = std::move(value->payload);
    return {};
  }

 private:
  Result<StageResult> message(std::string_view value, const std::string& at) const {
    const auto said =
        Members::of(value, {"clear_timers", "outputs", "reject", "release", "retry", "timers"}, at);
    if (!said) return said.error();
    const bool is_acked = !said->find("reject") && !said->find("release") && !said->find("retry");
    if (!is_acked && said->size() > 1) {
      return wrong_body(at, "outputs and timers, or one of reject, release, retry");
    }
    StageResult result;
    if (const auto retry = said->find("retry")) return retried(*retry, at + ".retry");
    if (const auto reject = said->find("reject")) {
      const auto members = Members::of(*reject, {"reason"}, at + ".reject");
      if (!members) return members.error();
      result.kind = StageResult::Kind::rejected;
      return with_reason(std::move(result), *members, at + ".reject");
    }
    if (const auto release = said->find("release")) {
      result.kind = StageResult::Kind::not_run;
      if (*release != "true") return wrong_body(at + ".release", "true");
      return result;
    }
    result.kind = StageResult::Kind::acked;
    if (auto timed = timers(*said, result, at); !timed) return timed.error();
    const auto outputs = said->find("outputs");
    if (!outputs) return result;
    if (!is_array(*outputs)) return wrong_body(at + ".outputs", "an array");
    std::size_t i = 0;
    for (const std::string_view one : raw_elements(*outputs)) {
      auto output = this->output(one, at + ".outputs[" + std::to_string(i++) + "]");
      if (!output) return output.error();
      result.outputs.push_back(std::move(*output));
    }
    return result;
  }

  /// Reads which timers of the key are set and cleared.
  Result<void> timers(const Members& said, StageResult& result, const std::string& at) const {
    const auto set = said.find("timers");
    const auto cleared = said.find("clear_timers");
    if ((set || cleared) && !stage_.keeps_state) {
      return wrong_body(at + (set ? ".timers" : ".clear_timers"),
                        "none: the messages of stage " + stage_.name + " have no key");
    }
    std::set<std::string> names;
    if (set) {
      if (!is_array(*set)) return wrong_body(at + ".timers", "an array");
      std::size_t i = 0;
      for (const std::string_view one : raw_elements(*set)) {
        auto timer = this->timer(one, at + ".timers[" + std::to_string(i++) + "]");
        if (!timer) return timer.error();
        if (!names.insert(timer->name).second) {
          return wrong_body(at + ".timers", "each name once, not " + dump(timer->name) + " again");
        }
        result.timers_set.push_back(std::move(*timer));
      }
    }
    if (!cleared) return {};
    const auto each =
        is_array(*cleared) ? raw_elements(*cleared) : std::vector<std::string_view>({""});
    for (const std::string_view name : each) {
      if (!is_string(name)) return wrong_body(at + ".clear_timers", "an array of names");
      if (!names.insert(string_of(name)).second) {
        return wrong_body(at + ".clear_timers",
                          "no name twice, nor one that is set: " + std::string(name));
      }
      result.timers_cleared.push_back(string_of(name));
    }
    return {};
  }

  Result<KeyedChanges::Timer> timer(std::string_view value, const std::string& at) const {
    const auto members = Members::of(value, {"after", "name", "payload"}, at);
    if (!members) return members.error();
    const auto name = members->find("name");
    if (!name || !is_string(*name)) return wrong_body(at + ".name", "a string");
    const auto after =
        duration_of(members->find("after").value_or(""), 0, timer_max_us, at + ".after");
    if (!after) return after.error();
    const auto payload = members->find("payload");
    if (!payload) return wrong_body(at + ".payload", "a message that the stage takes");
    auto message = serialized(stage_.source.type, *payload, at + ".payload");
    if (!message) return message.error();
    return KeyedChanges::Timer{.name = string_of(*name),
                               .after = std::chrono::microseconds(*after),
                               .payload = std::move(message->payload)};
  }

  static Result<StageResult> retried(std::string_view value, const std::string& at) {
    const auto members = Members::of(value, {"after", "counts", "reason"}, at);
    if (!members) return members.error();
    StageResult result;
    result.kind = StageResult::Kind::retry;
    if (const auto after = members->find("after")) {
      const auto us = duration_of(*after, 0, day_us, at + ".after");
      if (!us) return us.error();
      result.delay = std::chrono::microseconds(*us);
    }
    if (const auto counts = members->find("counts")) {
      if (*counts != "true" && *counts != "false") {
        return wrong_body(at + ".counts", "true or false");
      }
      if (*counts == "false") result.kind = StageResult::Kind::postponed;
    }
    return with_reason(std::move(result), *members, at);
  }

  static Result<StageResult> with_reason(StageResult result, const Members& members,
                                         const std::string& at) {
    const auto reason = members.find("reason");
    if (!reason) return result;
    if (!is_string(*reason)) return wrong_body(at + ".reason", "a string");
    result.reason = string_of(*reason);
    return result;
  }

  Result<StageOutput> output(std::string_view value, const std::string& at) const {
    const auto members =
        Members::of(value, {"headers", "inherit_headers", "key", "payload", "queue"}, at);
    if (!members) return members.error();
    StageOutput output;
    const auto target = target_of(members->find("queue"), at + ".queue");
    if (!target) return target.error();
    output.target = *target;
    const QueueSpec& queue = stage_.targets[output.target];
    const auto payload = members->find("payload");
    if (!payload) return wrong_body(at + ".payload", "the message");
    auto message = serialized(queue.type, *payload, at + ".payload");
    if (!message) return message.error();
    if (const auto key = members->find("key")) {
      if (!is_string(*key)) return wrong_body(at + ".key", "a string");
      output.key = string_of(*key);
    }
    if (queue.key_of) {
      try {
        output.key = queue.key_of(*message->message);
      } catch (const std::exception& error) {
        return Error{ErrorCode::invalid_argument, at + ".payload: " + error.what()};
      }
    }
    output.payload = std::move(message->payload);
    if (const auto headers = members->find("headers")) {
      auto read = headers_of(*headers, at + ".headers");
      if (!read) return read.error();
      output.options.headers = *std::move(read);
    }
    if (const auto inherits = members->find("inherit_headers")) {
      if (*inherits != "true" && *inherits != "false") {
        return wrong_body(at + ".inherit_headers", "true or false");
      }
      output.options.inherits_headers = *inherits == "true";
    }
    if (std::string error = check_options(output.options); !error.empty()) {
      return Error{ErrorCode::invalid_argument, at + "." + error};
    }
    return output;
  }

  Result<std::uint32_t> target_of(std::optional<std::string_view> queue,
                                  const std::string& at) const {
    const auto& targets = stage_.targets;
    if (targets.empty()) return wrong_body(at, "no output: the stage has none");
    if (!queue) {
      if (targets.size() == 1) return 0;
      return wrong_body(at, "a queue, as the stage has several");
    }
    const std::string name = is_string(*queue) ? string_of(*queue) : std::string();
    std::string names;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      if (targets[i].name == name) return static_cast<std::uint32_t>(i);
      names += (names.empty() ? "" : ", ") + targets[i].name;
    }
    return wrong_body(at, "one of " + names);
  }

  struct Serialized {
    std::unique_ptr<google::protobuf::Message> message;
    std::string payload;
  };

  static Result<Serialized> serialized(const std::string& type, std::string_view value,
                                       const std::string& at) {
    auto message = message_from_json(type, std::string(value));
    if (!message) return Error{message.error().code, at + ": " + message.error().message};
    Serialized out{std::move(*message), {}};
    out.message->SerializeToString(&out.payload);
    return out;
  }

  const StageSpec& stage_;
};

const char* text_of(receivers::LeaseResult result) {
  switch (result) {
    case receivers::LeaseResult::done:
      return "done";
    case receivers::LeaseResult::already_done:
      return "already_done";
    case receivers::LeaseResult::mismatch:
      return "mismatch";
    case receivers::LeaseResult::lease_expired:
      break;
  }
  return "lease_expired";
}

}  // namespace

Result<LeaseRequest> parse_lease_request(const std::string& body) {
  if (auto checked = check_json(body, small_json_bounds); !checked) return checked.error();
  const auto said = Members::of(trimmed(body), {"max", "wait", "lease", "session", "worker"});
  if (!said) return said.error();
  LeaseRequest request;
  if (const auto max = said->find("max")) {
    const auto number = integer_of(*max, 1, messages_max, "max");
    if (!number) return number.error();
    request.max = static_cast<std::uint32_t>(*number);
  }
  if (const auto wait = said->find("wait")) {
    const auto us = duration_of(*wait, 0, wait_max_us, "wait");
    if (!us) return us.error();
    request.wait_us = *us;
  }
  if (const auto lease = said->find("lease")) {
    const auto us = duration_of(*lease, second_us, day_us, "lease");
    if (!us) return us.error();
    request.lease_us = *us;
  }
  if (const auto session = said->find("session")) {
    if (*session != "true" && *session != "false") return wrong_body("session", "true or false");
    request.is_session = *session == "true";
  }
  return request;
}

std::string leases_text(const std::vector<receivers::ExternalLease>& leases, const StageSpec& stage,
                        TimeUs now_us) {
  std::string text = "{\"leases\":[";
  const char* before_lease = "";
  for (const receivers::ExternalLease& lease : leases) {
    text += std::exchange(before_lease, ",");
    text += "{\"lease\":" + dump(lease.token) +
            ",\"expires_at\":" + dump(time_json(time_after(now_us, lease.left_us))) +
            ",\"key\":" + dump(lease.key);
    if (stage.keeps_state && !lease.key.empty()) {
      const auto& state = lease.grant.state;
      text += ",\"state\":" + (state ? payload_text(stage.state_type, *state) : "null");
    }
    text += ",\"messages\":[";
    const char* before_message = "";
    for (const queues::GrantedMessage& message : lease.grant.messages) {
      const pb::Envelope& envelope = *message.body;
      const MessageId id{envelope.id_high(), envelope.id_low()};
      text += std::exchange(before_message, ",");
      text += "{\"id\":\"" + id_text(id) + "\",\"attempt\":" + std::to_string(message.failed + 1) +
              ",\"payload\":" + payload_text(stage.source.type, envelope.payload()) +
              ",\"born_at\":" + dump(time_json(envelope.born_at_us())) +
              ",\"priority\":" + std::to_string(priority_of(envelope)) +
              ",\"expires_at\":" + dump(time_json(envelope.expires_at_us())) + ",\"call_id\":\"" +
              Context({.id = id}, stage.name).call_id() + "\"";
      if (envelope.header_size() > 0) text += ",\"headers\":" + dump(headers_json(envelope));
      text += '}';
    }
    text += "]}";
  }
  return text + "]}\n";
}

Result<std::vector<SaidOfLease>> parse_outcomes(const std::string& body,
                                                const StageOfToken& stage_of) {
  if (auto checked = check_json(body, outcomes_bounds); !checked) return checked.error();
  const auto call = Members::of(trimmed(body), {"leases"});
  if (!call) return call.error();
  const auto leases = call->find("leases");
  const auto each = leases ? raw_elements(*leases) : std::vector<std::string_view>();
  if (!leases || !is_array(*leases) || each.size() > leases_max) {
    return wrong_body("leases", "an array of at most " + std::to_string(leases_max));
  }
  std::vector<SaidOfLease> all;
  all.reserve(each.size());
  for (const std::string_view one : each) {
    const std::string at = "leases[" + std::to_string(all.size()) + "]";
    const auto members = Members::of(one, {"lease", "outcomes", "state"}, at);
    if (!members) return members.error();
    const auto token = members->find("lease");
    if (!token || !is_string(*token)) return wrong_body(at + ".lease", "a token");
    SaidOfLease& said = all.emplace_back();
    said.outcome.token = string_of(*token);
    // Where nobody can have given it, its result is lease_expired, whatever the outcomes are.
    const StageSpec* const stage = stage_of(said.outcome.token);
    if (stage == nullptr) continue;
    const auto read = OutcomeReader(*stage).read(*members, said.outcome);
    if (!read) said.invalid = read.error().message;
  }
  return all;
}

Result<TokensRequest> parse_tokens(const std::string& body, bool has_by) {
  constexpr JsonBounds bounds{.elements_max = leases_max + 8, .depth_max = 3};
  if (auto checked = check_json(body, bounds); !checked) return checked.error();
  const auto said = has_by ? Members::of(trimmed(body), {"leases", "by"})
                           : Members::of(trimmed(body), {"leases"});
  if (!said) return said.error();
  const auto leases = said->find("leases");
  const auto tokens = leases ? raw_elements(*leases) : std::vector<std::string_view>();
  const bool is_list = leases && is_array(*leases) && tokens.size() <= leases_max &&
                       std::all_of(tokens.begin(), tokens.end(), is_string);
  if (!is_list) {
    return wrong_body("leases", "an array of at most " + std::to_string(leases_max) + " tokens");
  }
  TokensRequest request;
  for (const std::string_view token : tokens) request.tokens.push_back(string_of(token));
  if (!has_by) return request;
  const auto by = duration_of(said->find("by").value_or(""), second_us, day_us, "by");
  if (!by) return by.error();
  request.by_us = *by;
  return request;
}

Json result_json(const std::string& token, receivers::LeaseResult result) {
  return {{"lease", token}, {"result", text_of(result)}};
}

Json elsewhere_json(const std::string& token, const Member& other) {
  return {{"lease", token},
          {"result", "elsewhere"},
          {"node", other.http.empty() ? Json() : Json("http://" + other.http)}};
}

Json invalid_json(const std::string& token, const std::string& detail) {
  return {{"lease", token}, {"result", "invalid"}, {"detail", detail}};
}

}  // namespace millrace::http
