// Who may call what: tokens, hosts, origins; and that JSON from outside is bounded. Pure.
#include "cluster/http/routes/access.hpp"

#include <string>

#include <gtest/gtest.h>

#include "cluster/http/json/bounded_json.hpp"

namespace millrace::http {
namespace {

HttpRequest call(const std::string& method, const std::string& target,
                 std::vector<HttpField> fields) {
  HttpRequest request;
  request.method = method;
  request.target = target;
  request.fields = std::move(fields);
  request.peer = "127.0.0.1";
  EXPECT_TRUE(parse_target(request));
  return request;
}

/// The status of the refusal; 0: it is allowed.
int refusal_of(AccessControl& access, const HttpRequest& request) {
  const auto refusal = access.refuse(request, SteadyTime());
  return refusal ? refusal->status : 0;
}

TEST(Access, WithoutATokenWantsAHostOfThisMachine) {
  AccessControl access("", "127.0.0.7");
  for (const char* host :
       {"localhost", "LOCALHOST:8400", "127.0.0.1:8400", "127.9.9.9", "[::1]:1", "127.0.0.7:80"}) {
    EXPECT_EQ(refusal_of(access, call("GET", "/api/v1/queues", {{"Host", host}})), 0) << host;
  }
  for (const char* host : {"evil.example", "evil.example:8400", "127.0.0.1.evil.example",
                           "localhost.evil.example", "10.0.0.1", "[::2]", "0.0.0.0", "127.1"}) {
    for (const char* method : {"GET", "POST", "DELETE"}) {
      EXPECT_EQ(refusal_of(access, call(method, "/api/v1/queues", {{"Host", host}})), 403) << host;
    }
  }
  EXPECT_EQ(refusal_of(access, call("GET", "/healthz", {{"Host", "evil.example"}})), 0);
}

TEST(Access, RefusesPagesOfOtherSites) {
  AccessControl access("", "localhost");
  const auto from = [&](const char* origin) {
    return refusal_of(access, call("POST", "/api/v1/cluster/drain",
                                   {{"Host", "localhost:8400"}, {"Origin", origin}}));
  };
  EXPECT_EQ(from("http://localhost:8400"), 0);
  for (const char* origin : {"http://evil.example", "null", "", "http://localhost:3000",
                             "http://127.0.0.1:8400", "file://"}) {
    EXPECT_EQ(from(origin), 403) << origin;
  }
}

TEST(Access, WithATokenAsksForItAndNotForTheHost) {
  AccessControl access("secret", "0.0.0.0");
  const HttpField right{"Authorization", "Bearer secret"};
  const HttpField host{"Host", "node.example"};
  EXPECT_EQ(refusal_of(access, call("POST", "/x", {host, right, {"Origin", "https://a"}})), 0);
  EXPECT_EQ(refusal_of(access, call("POST", "/x", {host})), 401);
  EXPECT_EQ(refusal_of(access, call("GET", "/x", {host})), 0);
  EXPECT_EQ(refusal_of(access, call("GET", "/x", {host, {"Origin", "http://evil.example"}})), 403);
  HttpRequest far = call("GET", "/x", {host});
  far.is_from_loopback = false;
  EXPECT_EQ(refusal_of(access, far), 401);
  far.fields.push_back(right);
  EXPECT_EQ(refusal_of(access, far), 0);
  EXPECT_EQ(refusal_of(access, call("POST", "/x", {host, right, right})), 401);
}

TEST(RefusalCounter, Answers429BeyondSoManyASecondOfOneAddress) {
  RefusalCounter counter;
  const SteadyTime now = SteadyTime() + std::chrono::hours(1);
  for (std::uint32_t i = 0; i < RefusalCounter::refusals_per_s_max; ++i) {
    EXPECT_FALSE(counter.count("a", now).is_too_often);
  }
  EXPECT_TRUE(counter.count("a", now).is_too_often);
  EXPECT_FALSE(counter.count("b", now).is_too_often);
  EXPECT_FALSE(counter.count("a", now + std::chrono::seconds(1)).is_too_often);
}

TEST(RefusalCounter, LogsOneLineAMinuteWithTheirNumber) {
  RefusalCounter counter;
  const SteadyTime now = SteadyTime() + std::chrono::hours(1);
  EXPECT_EQ(counter.count("a", now).to_log, 1u);
  for (int i = 0; i < 3'000; ++i) {
    EXPECT_EQ(counter.count(std::to_string(i), now + std::chrono::seconds(59)).to_log,
              std::nullopt);
  }
  EXPECT_EQ(counter.count("a", now + std::chrono::seconds(60)).to_log, 3'001u);
}

TEST(BoundedJson, TakesWhatIsWithinItsBounds) {
  EXPECT_TRUE(check_json(R"({"a":[1,2.5,-3,true,null,"b"]})", {.elements_max = 9, .depth_max = 2}));
  EXPECT_FALSE(
      check_json(R"({"a":[1,2.5,-3,true,null,"b"]})", {.elements_max = 8, .depth_max = 2}));
  EXPECT_FALSE(check_json(R"({"a":[1]})", {.elements_max = 9, .depth_max = 1}));
  const auto parsed = parse_json(R"({"to":"b"})", small_json_bounds);
  ASSERT_TRUE(parsed);
  EXPECT_EQ((*parsed)["to"], "b");
}

TEST(BoundedJson, RefusesWhatIsNone) {
  for (const char* text :
       {"", "{", "[1", "{\"a\"}", "[1,]", "nul", "'a'", "1 2", "{\"a\":1}x", "\xff", "\"\xff\""}) {
    const auto checked = check_json(text, message_json_bounds);
    ASSERT_FALSE(checked) << text;
    EXPECT_EQ(checked.error().code, ErrorCode::invalid_argument);
    EXPECT_EQ(checked.error().message, "body: expected JSON") << text;
  }
}

TEST(BoundedJson, StopsAtTheBoundWhateverFollows) {
  const std::string brackets(8u << 20, '[');
  EXPECT_NE(check_json(brackets, message_json_bounds).error().message.find("64 levels"),
            std::string::npos);
  std::string items = "[";
  while (items.size() < (8u << 20)) items += "{},";
  EXPECT_NE(check_json(items, message_json_bounds).error().message.find("100000 values"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::http
