// Promise: what workers get is the text that was stored, and what is wrong with what they say is of one
// lease.
#include "cluster/http/json/lease_json.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "messages/values.pb.h"

namespace millrace::http {
namespace {

using testing::HasSubstr;
using Kind = StageResult::Kind;

QueueSpec json_queue(const std::string& name) {
  return {.name = name, .type = "millrace.Json"};
}

class LeaseJson : public ::testing::Test {
 protected:
  LeaseJson() {
    stage_.name = "resize";
    stage_.source = json_queue("images");
    stage_.targets = {json_queue("small")};
    stage_.is_keyed = stage_.keeps_state = true;
    stage_.state_type = external_state_type;
  }

  SaidOfLease said(const std::string& of_lease) {
    const auto parsed = parse_outcomes(
        R"({"leases": [{"lease": "0-t", )" + of_lease + "}]}",
        [&](const std::string& token) { return token == "0-t" ? &stage_ : nullptr; });
    EXPECT_TRUE(parsed) << parsed.error().message;
    return parsed && parsed->size() == 1 ? parsed->front() : SaidOfLease{};
  }
  static std::string text_of(const std::string& payload) {
    millrace::Json json;
    EXPECT_TRUE(json.ParseFromString(payload));
    return json.text();
  }

  StageSpec stage_;
};

TEST_F(LeaseJson, OutputsHaveHeaders) {
  const SaidOfLease all = said(
      R"("outcomes": [{"outputs": [{"payload": 1, "headers": {"source": "till-7", "e": ""}, "inherit_headers": true},
                                   {"payload": 2}]}])");
  EXPECT_EQ(all.invalid, "");
  const auto& outputs = all.outcome.results.at(0).outputs;
  EXPECT_EQ(outputs.at(0).options.headers, (Headers{{"source", "till-7"}, {"e", ""}}));
  EXPECT_TRUE(outputs[0].options.inherits_headers);
  EXPECT_TRUE(outputs.at(1).options.headers.empty());
  EXPECT_FALSE(outputs[1].options.inherits_headers);
  for (const char* headers : {"[]", "7", R"({"a": 1})", R"({"a b": "x"})", R"({"": "x"})"}) {
    EXPECT_THAT(said(R"("outcomes": [{"outputs": [{"payload": 1, "headers": )" +
                     std::string(headers) + "}]}]")
                    .invalid,
                HasSubstr("outcomes[0].outputs[0].headers"))
        << headers;
  }
  EXPECT_THAT(said(R"("outcomes": [{"outputs": [{"payload": 1, "inherit_headers": 1}]}])").invalid,
              HasSubstr("true or false"));
}

TEST_F(LeaseJson, OutcomesAreReadInOrder) {
  const SaidOfLease all = said(
      R"("outcomes": [{"outputs": [{"payload": {"b": 1.10, "a": 12345678901234567890123}}]}, {},
                      {"reject": {"reason": "no"}}, {"retry": {"after": "5s", "reason": "later"}},
                      {"release": true}], "state": [1, 2])");
  EXPECT_EQ(all.invalid, "");
  const auto& results = all.outcome.results;
  ASSERT_EQ(results.size(), 5u);
  EXPECT_EQ(results[0].kind, Kind::acked);
  ASSERT_EQ(results[0].outputs.size(), 1u);
  EXPECT_EQ(text_of(results[0].outputs[0].payload), R"({"b": 1.10, "a": 12345678901234567890123})");
  EXPECT_FALSE(results[0].outputs[0].key);
  EXPECT_EQ(results[1].kind, Kind::acked);
  EXPECT_EQ(results[2].kind, Kind::rejected);
  EXPECT_EQ(results[2].reason, "no");
  EXPECT_EQ(results[3].kind, Kind::retry);
  EXPECT_EQ(results[3].delay, std::chrono::seconds(5));
  EXPECT_EQ(results[4].kind, Kind::not_run);
  EXPECT_EQ(text_of(all.outcome.next_state.value()), "[1, 2]");
  const SaidOfLease later = said(
      R"("outcomes": [{"retry": {"counts": false, "reason": "429"}}, {"retry": {"counts": true}}])");
  ASSERT_EQ(later.outcome.results.size(), 2u) << later.invalid;
  EXPECT_EQ(later.outcome.results[0].kind, Kind::postponed);
  EXPECT_EQ(later.outcome.results[0].reason, "429");
  EXPECT_FALSE(later.outcome.results[0].delay);
  EXPECT_EQ(later.outcome.results[1].kind, Kind::retry);
  EXPECT_TRUE(said(R"("outcomes": [{}], "state": null)").outcome.state_erased);
}

TEST_F(LeaseJson, AFaultIsOfItsLeaseAndNamesItsPlace) {
  EXPECT_THAT(said(R"("outcomes": 7)").invalid, HasSubstr("outcomes: expected an array"));
  EXPECT_THAT(said(R"("outcomes": [{"output": []}])").invalid, HasSubstr("outcomes[0].output"));
  EXPECT_THAT(said(R"("outcomes": [{"outputs": [{}]}])").invalid,
              HasSubstr("outcomes[0].outputs[0].payload"));
  EXPECT_THAT(said(R"("outcomes": [{"outputs": [{"payload": 1, "payload": 2}]}])").invalid,
              HasSubstr("expected it once"));
  EXPECT_THAT(said(R"("outcomes": [{"outputs": [{"payload": 1, "queue": "large"}]}])").invalid,
              HasSubstr("expected one of small"));
  EXPECT_THAT(said(R"("outcomes": [{"retry": {"after": "-5s"}}])").invalid,
              HasSubstr("outcomes[0].retry.after"));
  EXPECT_THAT(said(R"("outcomes": [{"retry": {"counts": 0}}])").invalid,
              HasSubstr("outcomes[0].retry.counts: expected true or false"));
  EXPECT_THAT(said(R"("outcomes": [{"release": 1}])").invalid, HasSubstr("expected true"));
  stage_.keeps_state = false;
  EXPECT_THAT(said(R"("outcomes": [{}], "state": 1)").invalid, HasSubstr("have no key"));
  stage_.targets.clear();
  EXPECT_THAT(said(R"("outcomes": [{"outputs": [{"payload": 1}]}])").invalid,
              HasSubstr("the stage has none"));
}

TEST_F(LeaseJson, TimersAreSetAndClearedWithTheMessageThatIsDone) {
  stage_.source = {.name = "images", .type = "millrace.Bytes"};
  const SaidOfLease set = said(
      R"("outcomes": [{"timers": [{"name": "again", "after": "1h", "payload": {"value": "aGk="}}]},
                      {"outputs": [{"payload": 1}], "clear_timers": ["again", "never"]}])");
  EXPECT_EQ(set.invalid, "");
  ASSERT_EQ(set.outcome.results.size(), 2u);
  const StageResult& first = set.outcome.results[0];
  EXPECT_EQ(first.kind, Kind::acked);
  ASSERT_EQ(first.timers_set.size(), 1u);
  EXPECT_EQ(first.timers_set[0].name, "again");
  EXPECT_EQ(first.timers_set[0].after, std::chrono::hours(1));
  millrace::Bytes payload;  // of the type that the stage takes, not of its outputs
  ASSERT_TRUE(payload.ParseFromString(first.timers_set[0].payload));
  EXPECT_EQ(payload.value(), "hi");
  EXPECT_EQ(set.outcome.results[1].timers_cleared, (std::vector<std::string>{"again", "never"}));
}

TEST_F(LeaseJson, AFaultInATimerNamesItsPlace) {
  const auto invalid = [&](const std::string& outcome) {
    return said(R"("outcomes": [)" + outcome + "]").invalid;
  };
  EXPECT_THAT(invalid(R"({"timers": [{"name": "a", "payload": 1}]})"),
              HasSubstr("outcomes[0].timers[0].after: expected a duration"));
  EXPECT_THAT(invalid(R"({"timers": [{"name": "a", "after": "367d", "payload": 1}]})"),
              HasSubstr("outcomes[0].timers[0].after"));
  EXPECT_THAT(invalid(R"({"timers": [{"after": "1s", "payload": 1}]})"), HasSubstr(".name"));
  EXPECT_THAT(invalid(R"({"timers": [{"name": "a", "after": "1s"}]})"), HasSubstr(".payload"));
  EXPECT_THAT(invalid(R"({"timers": [{"name": "a", "after": "1s", "payload": 1},
                                     {"name": "a", "after": "2s", "payload": 1}]})"),
              HasSubstr("each name once"));
  EXPECT_THAT(invalid(R"({"timers": [{"name": "a", "after": "1s", "payload": 1}],
                          "clear_timers": ["a"]})"),
              HasSubstr("nor one that is set"));
  EXPECT_THAT(invalid(R"({"clear_timers": "a"})"), HasSubstr("an array of names"));
  EXPECT_THAT(invalid(R"({"clear_timers": [7]})"), HasSubstr("an array of names"));
  EXPECT_THAT(invalid(R"({"retry": {}, "timers": []})"),
              HasSubstr("one of reject, release, retry"));
  EXPECT_THAT(invalid(R"({"retry": {}, "reject": {}})"),
              HasSubstr("one of reject, release, retry"));
  stage_.keeps_state = false;
  EXPECT_THAT(invalid(R"({"timers": []})"), HasSubstr("have no key"));
  EXPECT_THAT(invalid(R"({"clear_timers": []})"), HasSubstr("have no key"));
}

TEST_F(LeaseJson, AnUnknownTokenIsNoFault) {
  const auto parsed = parse_outcomes(R"({"leases": [{"lease": "9-x", "outcomes": "whatever"}]})",
                                     [](const std::string&) { return nullptr; });
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->front().outcome.token, "9-x");
  EXPECT_EQ(parsed->front().invalid, "");
}

TEST_F(LeaseJson, KeysAreThoseThatTheQueueTakesFromTheMessage) {
  stage_.targets[0].key_of = [](const google::protobuf::MessageLite& message) {
    const std::string& text = static_cast<const millrace::Json&>(message).text();
    if (text == "7") throw std::invalid_argument("key: expected a string");
    return "k" + text;
  };
  const SaidOfLease one = said(R"("outcomes": [{"outputs": [{"payload": 1, "key": "own"}]}])");
  EXPECT_EQ(one.outcome.results.at(0).outputs.at(0).key, "k1");
  EXPECT_THAT(said(R"("outcomes": [{"outputs": [{"payload": 7}]}])").invalid,
              HasSubstr("expected a string"));
  stage_.targets[0].key_of = nullptr;
  const SaidOfLease own = said(R"("outcomes": [{"outputs": [{"payload": 1, "key": "own"}]}])");
  EXPECT_EQ(own.outcome.results.at(0).outputs.at(0).key, "own");
}

TEST_F(LeaseJson, AnAnswerHasTheStoredText) {
  receivers::ExternalLease lease{.token = "0-t", .left_us = 1'000'000, .key = "k\"1"};
  millrace::Json json;
  json.set_text(R"({"b": 1.10, "a": 12345678901234567890123})");
  auto envelope = std::make_shared<pb::Envelope>();
  envelope->set_payload(json.SerializeAsString());
  lease.grant.messages.push_back({.failed = 2, .body = queues::Body(std::move(envelope))});
  lease.grant.state = std::make_shared<const std::string>(json.SerializeAsString());
  const std::string text = leases_text({lease}, stage_, 0);
  EXPECT_THAT(text, HasSubstr(R"("payload":{"b": 1.10, "a": 12345678901234567890123})"));
  EXPECT_THAT(text, HasSubstr(R"("state":{"b": 1.10, "a": 12345678901234567890123})"));
  const auto parsed = Json::parse(text);
  EXPECT_EQ(parsed["leases"][0]["key"], "k\"1");
  EXPECT_EQ(parsed["leases"][0]["messages"][0]["attempt"], 3);
  EXPECT_EQ(parsed["leases"][0]["messages"][0]["call_id"].get<std::string>().size(), 32u);
}

TEST_F(LeaseJson, WhatIsNoJsonIsShownAsDigits) {
  receivers::ExternalLease lease{.token = "0-t", .left_us = 1'000'000};
  millrace::Json json;
  json.set_text("{broken");
  auto envelope = std::make_shared<pb::Envelope>();
  envelope->set_payload(json.SerializeAsString());
  lease.grant.messages.push_back({.body = queues::Body(std::move(envelope))});
  const auto parsed = Json::parse(leases_text({lease}, stage_, 0));
  EXPECT_TRUE(parsed["leases"][0]["messages"][0]["payload"].is_string());
  EXPECT_FALSE(parsed["leases"][0].contains("state")) << "a message without key has none";
}

TEST(LeaseRequestJson, IsChecked) {
  const auto request =
      parse_lease_request(R"({"max": 64, "wait": "20s", "lease": "5m", "worker": "w"})");
  ASSERT_TRUE(request);
  EXPECT_EQ(request->max, 64u);
  EXPECT_EQ(request->wait_us, 20'000'000);
  EXPECT_EQ(request->lease_us, 300'000'000);
  EXPECT_EQ(parse_lease_request("{}")->max, 1u);
  for (const char* wrong :
       {R"({"max": 0})", R"({"max": 1001})", R"({"max": 1.5})", R"({"max": "1"})",
        R"({"wait": "61s"})", R"({"wait": 5})", R"({"lease": "500ms"})", R"({"lease": "2d"})",
        R"({"maximum": 1})", "[]", "{"}) {
    EXPECT_FALSE(parse_lease_request(wrong)) << wrong;
  }
}

}  // namespace
}  // namespace millrace::http
