// What the HTTP API promises its clients: each route, each refusal, and who may do what. Asked over
// real sockets of a node that exists in the test only.
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/http/service/http_service.hpp"
#include "tests/http/fake_node_api.hpp"
#include "tests/http/raw_client.hpp"

namespace millrace::http {
namespace {

class HttpApi : public testing::Test {
 protected:
  void serve(const HttpServiceOptions& options = {}, Resources resources = {}) {
    auto started = HttpService::start(options, api_, std::move(resources));
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  Answer ask(const std::string& bytes) { return http::ask(server_->address(), bytes); }
  Answer get(const std::string& target) { return ask(request("GET", target)); }

  FakeNodeApi api_;
  std::unique_ptr<HttpService> server_;
};

TEST_F(HttpApi, TellsHealthAndReadiness) {
  serve();
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_EQ(get("/healthz").body, "ok\n");
  EXPECT_EQ(get("/readyz").status, 200);
  api_.readiness = Error{ErrorCode::draining, "the node is stopping"};
  const Answer answer = get("/readyz");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "draining");
  EXPECT_TRUE(answer.has("Content-Type: application/problem+json"));
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(HttpApi, ShowsStatusMembersQueuesAndPipelines) {
  api_.queue_list = {queue_called("in"), queue_called("in.dead", true)};
  serve();
  EXPECT_EQ(get("/api/v1/status").json()["node"], "a");
  EXPECT_EQ(get("/api/v1/cluster/members").json()["members"][0]["self"], true);
  const auto queues = get("/api/v1/queues").json()["queues"];
  ASSERT_EQ(queues.size(), 2u);
  EXPECT_EQ(queues[0]["queue"], "in");
  EXPECT_EQ(queues[0]["offered"], 3);
  EXPECT_EQ(get("/api/v1/dlq").json()["queues"].size(), 1u);
  EXPECT_EQ(get("/api/v1/queues/in").json()["shards"], 2);
  EXPECT_EQ(get("/api/v1/queues/none").code(), "not_found");
  EXPECT_EQ(get("/api/v1/pipelines").json()["pipelines"][0]["stages"][0]["stage"], "charge");
}

TEST_F(HttpApi, LetsTheApplicationAnswerBelowItsPrefix) {
  Resource shop{.prefix = "shop", .queue = {}, .show = {}};
  shop.answer = [](const HttpRequest& request) -> Result<HttpResponse> {
    if (request.path.back() == "none") return Error{ErrorCode::not_found, "no such parcel"};
    if (request.path.back() == "bad") throw std::runtime_error("of the application");
    HttpResponse response;
    response.body = request.method + " " + std::to_string(request.path.size()) + request.body;
    return response;
  };
  serve({.token = "secret"}, {std::move(shop)});
  const std::string token = "Authorization: Bearer secret\r\n";
  EXPECT_EQ(get("/api/v1/shop").body, "GET 3");
  EXPECT_EQ(ask(post("/api/v1/shop/parcels/7", "{}")).status, 401) << "behind the token, as all";
  EXPECT_EQ(ask(post("/api/v1/shop/parcels/7", "{}", token)).body, "POST 5{}");
  EXPECT_EQ(get("/api/v1/shop/none").status, 404);
  EXPECT_EQ(get("/api/v1/shop/bad").code(), "handler_failed");
  EXPECT_EQ(ask(request("DELETE", "/api/v1/shop", token)).status, 405);
  EXPECT_EQ(get("/api/v1/shops").status, 404);
}

TEST_F(HttpApi, TakesAnOfferWithItsKeys) {
  serve();
  const Answer answer =
      ask(post("/api/v1/queues/in/messages?key=a%20b%2Fc", "\"x\"", "Idempotency-Key: i1\r\n"));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.json()["shard"], 3);
  ASSERT_EQ(api_.offers.size(), 1u);
  EXPECT_EQ(api_.offers[0].queue, "in");
  EXPECT_EQ(api_.offers[0].json, "\"x\"");
  EXPECT_EQ(api_.offers[0].key, "a b/c");
  EXPECT_EQ(api_.offers[0].idempotency_key, "i1");
}

TEST_F(HttpApi, OffersBelongToTheTraceOfTheirRequest) {
  serve();
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const std::vector<std::string> malformed{"",
                                           "00",
                                           trace + "x",
                                           "ff" + trace.substr(2),
                                           "0A" + trace.substr(2),
                                           "00-" + std::string(32, '0') + trace.substr(35),
                                           trace.substr(0, 36) + std::string(16, '0') + "-01"};
  for (const std::string& each : malformed) {
    EXPECT_EQ(
        ask(post("/api/v1/queues/in/messages", "\"x\"", "traceparent: " + each + "\r\n")).status,
        202);
    ASSERT_FALSE(api_.offers.empty());
    EXPECT_TRUE(api_.offers.back().options.headers.empty()) << each;
  }
  for (const std::string& each : {trace, "01" + trace.substr(2) + "-more"}) {
    EXPECT_EQ(
        ask(post("/api/v1/queues/in/messages", "\"x\"", "traceparent: " + each + "\r\n")).status,
        202);
    EXPECT_EQ(api_.offers.back().options.headers, (Headers{{"traceparent", each}}));
  }
  const std::string lines = R"({"payload": 1, "headers": {"traceparent": "own", "a": "b"}})"
                            "\n"
                            R"({"payload": 2})";
  EXPECT_EQ(ask(request("POST", "/api/v1/queues/in/messages",
                        "Content-Type: application/x-ndjson\r\ntraceparent: " + trace +
                            "\r\nContent-Length: " + std::to_string(lines.size()) + "\r\n") +
                lines)
                .status,
            202);
  const std::size_t count = api_.offers.size();
  EXPECT_EQ(api_.offers[count - 2].options.headers, (Headers{{"traceparent", "own"}, {"a", "b"}}));
  EXPECT_EQ(api_.offers[count - 1].options.headers, (Headers{{"traceparent", trace}}));
}

TEST_F(HttpApi, TakesManyOffersInOneBody) {
  serve();
  const auto lines = [&](const std::string& body) {
    return ask(request("POST", "/api/v1/queues/in/messages",
                       "Content-Type: application/x-ndjson\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n") +
               body);
  };
  const Answer answer = lines(
      "{\"payload\": \"x\", \"key\": \"a\", \"idempotency_key\": \"i1\", \"priority\": 7}\n"
      "\n"
      "{\"payload\": \"y\", \"delay\": \"5s\", \"expires_in\": \"1h\"}\r\n"
      "{\"payload\": \"z\", \"not_before\": \"1999-01-01T00:00:00Z\"}");
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.json()["messages"].size(), 3u);
  EXPECT_EQ(answer.json()["messages"][0]["key"], "a");
  ASSERT_EQ(api_.offers.size(), 3u);
  EXPECT_EQ(api_.offers[0].json, "\"x\"");
  EXPECT_EQ(api_.offers[0].idempotency_key, "i1");
  EXPECT_EQ(api_.offers[0].options.priority, 7);
  EXPECT_EQ(api_.offers[1].options.delay, std::chrono::seconds(5));
  EXPECT_EQ(api_.offers[1].options.expires_in, std::chrono::hours(1));
  EXPECT_EQ(api_.offers[2].options.delay, std::chrono::seconds(0)) << "in the past";
  api_.offers.clear();
  for (const auto& [body, expected] : std::vector<std::pair<std::string, std::string>>{
           {"", "got none"},
           {"{\"payload\": 1}\n{broken", "line 2"},
           {"{\"payload\": 1}\n{\"key\": \"a\"}", "line 2: payload"},
           {"{\"payload\": 1, \"payload\": 2}", "it once"},
           {"{\"payload\": 1, \"priority\": 10}", "priority"},
           {"{\"payload\": 1, \"delay\": \"1s\", \"not_before\": \"2030-01-01T00:00:00Z\"}",
            "without delay"},
           {"{\"payload\": 1, \"expires_at\": \"tomorrow\"}", "expires_at"}}) {
    const Answer refused = lines(body);
    EXPECT_EQ(refused.status, 400) << body;
    EXPECT_NE(refused.body.find(expected), std::string::npos) << refused.body;
  }
  EXPECT_TRUE(api_.offers.empty()) << "where a line is wrong, none is offered";
  api_.failure = Error{ErrorCode::backlog_full, "full"};
  const Answer some = lines("{\"payload\": \"x\"}\n{\"payload\": \"refused\"}");
  EXPECT_EQ(some.status, 429);
  EXPECT_EQ(some.json()["code"], "backlog_full");
  EXPECT_EQ(some.json()["messages"][0]["shard"], 3);
  EXPECT_EQ(some.json()["messages"][1]["code"], "backlog_full");
}

TEST_F(HttpApi, TellsWhyAnOfferWasRefused) {
  serve();
  const std::vector<std::pair<ErrorCode, int>> expected{
      {ErrorCode::invalid_argument, 400}, {ErrorCode::not_found, 404},
      {ErrorCode::fenced, 409},           {ErrorCode::too_large, 413},
      {ErrorCode::backlog_full, 429},     {ErrorCode::storage_full, 503},
      {ErrorCode::draining, 503},         {ErrorCode::timeout, 503},
      {ErrorCode::log_unreachable, 503}};
  for (const auto& [code, status] : expected) {
    api_.failure = Error{code, "because"};
    const Answer answer = ask(post("/api/v1/queues/in/messages", "{}"));
    EXPECT_EQ(answer.status, status) << to_string(code);
    EXPECT_EQ(answer.code(), to_string(code));
    EXPECT_EQ(answer.has("Retry-After: "), status == 429 || status == 503);
    EXPECT_EQ(answer.json()["detail"], "because");
    EXPECT_EQ(answer.json()["status"], status);
  }
}

TEST_F(HttpApi, PeeksWithFilters) {
  MessageView view;
  view.sequence = 9;
  view.envelope.set_key("k");
  api_.message_list = {view};
  serve();
  const Answer answer =
      get("/api/v1/queues/in/messages?max=5&key=k&code=rejected&id="
          "000000000000000100000000000000ff");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.json()["messages"][0]["sequence"], 9);
  EXPECT_EQ(api_.last_max, 5u);
  EXPECT_EQ(api_.last_filter.key, "k");
  EXPECT_EQ(api_.last_filter.code, ErrorCode::rejected);
  EXPECT_EQ(api_.last_filter.id, (MessageId{1, 255}));
  for (const char* wrong : {"max=0", "max=1001", "max=x", "id=1", "code=nonsense", "what=1"}) {
    EXPECT_EQ(get(std::string("/api/v1/queues/in/messages?") + wrong).status, 400) << wrong;
  }
}

TEST_F(HttpApi, PurgesQueuesAndDropsLettersOnlyOnPurpose) {
  api_.queue_list = {queue_called("in"), queue_called("in.dead", true)};
  serve();
  EXPECT_EQ(ask(request("DELETE", "/api/v1/queues/in/messages")).json()["dropped"], 5);
  EXPECT_EQ(ask(request("DELETE", "/api/v1/dlq/in.dead/messages")).status, 400);
  EXPECT_EQ(ask(request("DELETE", "/api/v1/dlq/in/messages?all=true")).status, 404);
  EXPECT_EQ(api_.drops, 1);
  EXPECT_EQ(ask(request("DELETE", "/api/v1/dlq/in.dead/messages?all=true")).status, 200);
  EXPECT_EQ(ask(request("DELETE", "/api/v1/dlq/in.dead/messages?key=k")).status, 200);
  EXPECT_EQ(api_.last_filter.key, "k");
  EXPECT_EQ(ask(post("/api/v1/dlq/in.dead/redrive?max=2", "")).json()["redriven"], 7);
  EXPECT_EQ(api_.last_max, 2u);
}

TEST_F(HttpApi, ShowsResourcesAndSendsClientsToTheirOwner) {
  const auto show = [](const KeyView& key,
                       const std::string& rest) -> Result<nlohmann::ordered_json> {
    if (!rest.empty() && rest != "history") return Error{ErrorCode::not_found, "no " + rest};
    return nlohmann::ordered_json{{"order", key.key}, {"rest", rest}};
  };
  serve({}, {{.prefix = "orders", .queue = "orders.events", .show = show}});
  EXPECT_EQ(get("/api/v1/orders/o%2F1").json()["order"], "o/1");
  EXPECT_EQ(get("/api/v1/orders/o1/history").json()["rest"], "history");
  EXPECT_EQ(get("/api/v1/orders/o1/nothing").status, 404);
  EXPECT_EQ(get("/api/v1/orders").status, 404);
  api_.failure = Error{ErrorCode::not_owner, "elsewhere"};
  EXPECT_EQ(get("/api/v1/orders/o1").status, 503);
  api_.key_owner = Member{.name = "b", .address = "b:1", .http = "", .state = "up"};
  EXPECT_EQ(get("/api/v1/orders/o1").status, 421);
  api_.key_owner->http = "b:8080";
  const Answer moved = get("/api/v1/orders/o%2F1/history");
  EXPECT_EQ(moved.status, 307);
  EXPECT_TRUE(moved.has("Location: http://b:8080/api/v1/orders/o%2F1/history"));
}

TEST_F(HttpApi, TakesOffersThatTheirClientNumbers) {
  serve();
  const std::string path = "/api/v1/queues/in/messages";
  const std::string numbers =
      "Millrace-Producer: till 7\r\nMillrace-Epoch: 3\r\nMillrace-Sequence: 5\r\n";
  const Answer one = ask(post(path, "\"x\"", numbers));
  EXPECT_EQ(one.status, 202);
  EXPECT_EQ(one.json()["shard"], 1);
  EXPECT_EQ(api_.last_numbered.producer, "till 7");
  EXPECT_EQ(api_.last_numbered.epoch, 3u);
  EXPECT_EQ(api_.last_numbered.first, 5u);
  const std::string body = "{\"payload\": 1}\n{\"payload\": 2}\n";
  const auto lines = [&](const std::string& fields) {
    return ask(request("POST", path,
                       fields + "Content-Type: application/x-ndjson\r\nContent-Length: " +
                           std::to_string(body.size()) + "\r\n") +
               body);
  };
  const Answer many = lines(numbers);
  EXPECT_EQ(many.status, 202);
  EXPECT_EQ(many.json()["messages"][0]["duplicate"], true);
  EXPECT_EQ(api_.last_numbered.requests.size(), 2u);
  for (const char* fields :
       {"Millrace-Producer: p\r\n", "Millrace-Sequence: 1\r\n", "Millrace-Epoch: 1\r\n",
        "Millrace-Producer: p\r\nMillrace-Sequence: 0\r\n",
        "Millrace-Producer: p\r\nMillrace-Sequence: 1x\r\n",
        "Millrace-Producer: p\r\nMillrace-Sequence: -1\r\n",
        "Millrace-Producer: p\r\nMillrace-Sequence: 9223372036854775808\r\n",
        "Millrace-Producer: p\r\nMillrace-Sequence: 1\r\nMillrace-Epoch: 0\r\n",
        "Millrace-Producer: p\r\nMillrace-Sequence: 1\r\nMillrace-Sequence: 2\r\n"}) {
    const Answer refused = ask(post(path, "\"x\"", fields));
    EXPECT_EQ(refused.status, 400) << fields;
    EXPECT_NE(refused.json()["detail"].get<std::string>().find("Millrace-"), std::string::npos);
    EXPECT_EQ(lines(fields).status, 400) << fields;
  }
  EXPECT_EQ(
      ask(post(path, "\"x\"",
               "Millrace-Sequence: 1\r\nMillrace-Producer: " + std::string(201, 'p') + "\r\n"))
          .status,
      400);
  EXPECT_TRUE(api_.offers.empty()) << "none is offered without its number";
  api_.failure = Error{ErrorCode::out_of_order, "expected 5"};
  const Answer gap = ask(post(path, "\"x\"", numbers));
  EXPECT_EQ(gap.status, 409);
  EXPECT_EQ(gap.json()["last"], 4);
  api_.failure = Error{ErrorCode::not_owner, "elsewhere"};
  EXPECT_EQ(ask(post(path, "\"x\"", numbers)).code(), "unreachable") << "nobody knows the owner";
  api_.member_list.push_back({.name = "b", .address = "b:1", .http = "b:8080", .state = "up"});
  const Answer moved = ask(post(path + "?key=k", "\"x\"", numbers));
  EXPECT_EQ(moved.status, 307);
  EXPECT_TRUE(moved.has("Location: http://b:8080/api/v1/queues/in/messages?key=k"));
}

TEST_F(HttpApi, MovesShardsToNodesThatThereAreOnly) {
  serve();
  const std::string path = "/api/v1/cluster/shards/3/move";
  EXPECT_EQ(ask(post(path, R"({"to":"a","role":"stock"})")).status, 202);
  ASSERT_EQ(api_.moves.size(), 1u);
  EXPECT_EQ(api_.moves[0].role, "stock");
  const Answer unknown = ask(post(path, R"({"to":"nobody"})"));
  EXPECT_EQ(unknown.status, 404);
  EXPECT_EQ(unknown.json()["detail"], "to: no node is called nobody; there are a");
  for (const std::string& body :
       {R"({"to":")" + std::string(65, 'x') + R"("})", std::string("{}"), std::string(""),
        std::string(R"({"to":1})"), std::string(R"(["a"])"), std::string(R"({"to":"a"}x)"),
        R"({"to":"a","role":")" + std::string(65, 'x') + R"("})",
        R"({"to":"a","x":)" + std::string(2'000, '[') + std::string(2'000, ']') + "}"}) {
    EXPECT_EQ(ask(post(path, body)).status, 400) << body;
  }
  EXPECT_EQ(ask(post(path, std::string(4'097, ' '))).status, 413);
  EXPECT_EQ(api_.moves.size(), 1u);
}

TEST_F(HttpApi, GivesUpANodeOnlyIfToldThatDataIsLost) {
  serve();
  const std::string path = "/api/v1/cluster/remove";
  for (const char* body : {"", "{}", R"({"node":"c"})", R"({"node":"c","accept_loss":1})",
                           R"({"node":"","accept_loss":true})", R"(["c"])"}) {
    EXPECT_EQ(ask(post(path, body)).status, 400) << body;
  }
  EXPECT_TRUE(api_.given_up.empty());
  EXPECT_EQ(ask(post(path, R"({"node":"c","accept_loss":true})")).status, 202);
  EXPECT_EQ(api_.given_up, std::vector<std::string>{"c"});
}

TEST_F(HttpApi, WritesABackupWhereItIsTold) {
  serve();
  const std::string path = "/api/v1/backup";
  const Answer written = ask(post(path, R"({"target":"/backup/a"})"));
  ASSERT_EQ(written.status, 200) << written.body;
  EXPECT_EQ(written.json(), nlohmann::json::parse(
                                R"({"target":"/backup/a","files":1,"bytes":34,"last_record":7})"));
  EXPECT_EQ(api_.backups, std::vector<std::string>{"/backup/a"});
  for (const char* body : {"", "{}", R"({"target":1})", R"(["/backup/a"])"}) {
    EXPECT_EQ(ask(post(path, body)).code(), "invalid_argument") << body;
  }
  EXPECT_EQ(api_.backups.size(), 1u);
  EXPECT_EQ(ask(post(path, R"({"target":"backup"})")).status, 400);
  api_.failure = Error{ErrorCode::storage_full, "no room"};
  const Answer refused = ask(post(path, R"({"target":"/backup/b"})"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.code(), "storage_full");
  EXPECT_EQ(get(path).code(), "method_not_allowed");
}

TEST_F(HttpApi, RefusesPagesOfOtherSitesWithoutAToken) {
  serve();
  const std::string offer =
      "POST /api/v1/queues/in/messages HTTP/1.1\r\n"
      "Content-Type: application/json\r\nContent-Length: 2\r\n";
  EXPECT_EQ(ask(offer + "Host: evil.example\r\n\r\n{}").code(), "foreign_host");
  const Answer refused = ask(offer + "Host: localhost\r\nOrigin: http://evil.example\r\n\r\n{}");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.code(), "foreign_origin");
  EXPECT_TRUE(refused.has("Content-Type: application/problem+json"));
  EXPECT_TRUE(api_.offers.empty());
  EXPECT_EQ(ask(offer + "Host: 127.0.0.1:1\r\nOrigin: http://127.0.0.1:1\r\n\r\n{}").status, 202);
}

TEST_F(HttpApi, LimitsRefusalsOfATokenAndStillTakesTheRightOne) {
  serve({.token = "secret"});
  RawClient client(server_->address());
  int too_many = 0;
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.send(request("DELETE", "/api/v1/queues/in/messages")));
    const Answer answer = client.receive();
    if (answer.status != 429) continue;
    ++too_many;
    EXPECT_EQ(answer.code(), "too_many_refusals");
  }
  EXPECT_GT(too_many, 0);
  EXPECT_EQ(ask(request("DELETE", "/api/v1/queues/in/messages", "Authorization: Bearer secret\r\n"))
                .status,
            200);
}

TEST_F(HttpApi, WantsTheTokenForChangingCalls) {
  serve({.token = "secret"});
  const std::string offer = "/api/v1/queues/in/messages";
  EXPECT_EQ(get("/api/v1/queues").status, 200);
  EXPECT_EQ(ask(post(offer, "{}")).status, 401);
  for (const char* wrong : {"secret", "Bearer ", "Bearer secre", "Bearer secrett", "bearer secret",
                            "Bearer terces", "Basic c2VjcmV0"}) {
    const auto answer = ask(post(offer, "{}", std::string("Authorization: ") + wrong + "\r\n"));
    EXPECT_EQ(answer.status, 401) << wrong;
    EXPECT_TRUE(answer.has("WWW-Authenticate: Bearer"));
  }
  EXPECT_EQ(ask(request("DELETE", offer)).status, 401);
  EXPECT_EQ(ask(post("/api/v1/cluster/drain", "")).status, 401);
  EXPECT_EQ(api_.offers.size(), 0u);
  EXPECT_EQ(api_.drops + api_.drains, 0);
  EXPECT_EQ(ask(post(offer, "{}", "Authorization: Bearer secret\r\n")).status, 202);
  EXPECT_EQ(ask(post("/api/v1/cluster/drain", "", "Authorization: Bearer secret\r\n")).status, 202);
  EXPECT_EQ(api_.drains, 1);
}

TEST_F(HttpApi, RefusesToServeOthersWithoutAToken) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "example.com:80"}) {
    const auto started = HttpService::start({.address = address}, api_);
    ASSERT_FALSE(started) << address;
    EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(HttpService::start({.address = "0.0.0.0:0", .token = "t"}, api_));
  EXPECT_FALSE(HttpService::start({.address = "nonsense"}, api_));
}

TEST_F(HttpApi, SaysSoWhenThePortIsTaken) {
  serve();
  const auto second = HttpService::start({.address = server_->address()}, api_);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unreachable);
}

TEST_F(HttpApi, WantsJson) {
  serve();
  const std::string target = "/api/v1/queues/in/messages";
  EXPECT_EQ(ask(request("POST", target, "Content-Length: 0\r\n")).status, 415);
  EXPECT_EQ(ask(request("POST", target, "Content-Type: text/plain\r\nContent-Length: 2\r\n") + "{}")
                .status,
            415);
  EXPECT_EQ(ask(request("POST", target,
                        "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 2\r\n") +
                "{}")
                .status,
            202);
}

TEST_F(HttpApi, SaysWhichMethodsAPathHas) {
  serve();
  const Answer answer = ask(request("PUT", "/api/v1/queues/in/messages"));
  EXPECT_EQ(answer.status, 405);
  EXPECT_TRUE(answer.has("Allow: GET, POST, DELETE"));
  RawClient client(server_->address());
  ASSERT_TRUE(client.send(request("HEAD", "/api/v1/status") + request("GET", "/readyz")));
  EXPECT_EQ(client.receive(false).status, 200);
  EXPECT_EQ(client.receive().json()["ready"], true);
}

TEST_F(HttpApi, KeepsAConnectionForTheNextRequest) {
  serve();
  RawClient client(server_->address());
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(client.send(post("/api/v1/queues/in/messages", "{}")));
    ASSERT_EQ(client.receive().status, 202);
  }
  // Several at once are answered one after the other.
  ASSERT_TRUE(client.send(request("GET", "/api/v1/status") +
                          post("/api/v1/queues/in/messages", "1") + request("GET", "/nothing")));
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_EQ(client.receive().status, 202);
  EXPECT_EQ(client.receive().status, 404);
  ASSERT_TRUE(client.send(request("GET", "/api/v1/status", "Connection: close\r\n")));
  EXPECT_EQ(client.receive().status, 200);
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpApi, RefusesHeadsThatAreReadInTwoWays) {
  serve();
  for (const char* field : {"X: a\nRange: bytes=0-,0-\r\n", "Content-Length : 2\r\n", "\nX: a\r\n",
                            "no colon\r\n", " X: a\r\n", "X\r: a\r\n", ": a\r\n"}) {
    const Answer answer =
        ask("GET /api/v1/status HTTP/1.1\r\nHost: localhost\r\n" + std::string(field) + "\r\n");
    EXPECT_EQ(answer.status, 400) << field;
    EXPECT_EQ(answer.code(), "bad_request") << field;
  }
}

TEST_F(HttpApi, IsNotHeldAtItsEndByAClientThatStillSends) {
  serve({.timeout = std::chrono::minutes(10)});
  RawClient client(server_->address());
  ASSERT_TRUE(
      client.send("POST /api/v1/queues/in/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                  "application/json\r\nContent-Length: 10\r\n\r\n1"));
  RawClient other(server_->address());
  ASSERT_TRUE(other.send(request("GET", "/api/v1/status")));
  EXPECT_EQ(other.receive().status, 200);
  server_->stop(std::chrono::milliseconds(1));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpApi, StreamsWhatChanges) {
  serve();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send(request("GET", "/api/v1/events")));
  EXPECT_EQ(client.receive().status, 200);
  ASSERT_TRUE(client.wait_for("event: queues"));
  {
    const std::lock_guard lock(api_.mutex);
    api_.queue_list = {queue_called("brand.new")};
  }
  EXPECT_TRUE(client.wait_for("brand.new"));
  server_->stop(std::chrono::seconds(10));
  EXPECT_TRUE(client.is_closed());
}

TEST_F(HttpApi, StreamsThatAHandlerRunsBeyondItsLease) {
  StageCounts quick;
  quick.pipeline = "orders";
  quick.stage = "check";
  StageCounts slow;
  slow.pipeline = "orders";
  slow.stage = "charge";
  api_.stage_list = {quick, slow};
  serve();
  RawClient client(server_->address());
  ASSERT_TRUE(client.send(request("GET", "/api/v1/events")));
  EXPECT_EQ(client.receive().status, 200);
  ASSERT_TRUE(client.wait_for("event: overruns\ndata: []\n"));
  {
    const std::lock_guard lock(api_.mutex);
    quick.acked = 5;  // no event: it would change all the time
    slow.overran = 2;
    api_.stage_list = {quick, slow};
  }
  EXPECT_TRUE(
      client.wait_for("event: overruns\ndata: "
                      R"([{"pipeline":"orders","stage":"charge","overran":2}])"));
}

TEST_F(HttpApi, BoundsStreamsAndFreesTheirPlaces) {
  serve({.event_streams_max = 1});
  auto first = std::make_unique<RawClient>(server_->address());
  ASSERT_TRUE(first->send(request("GET", "/api/v1/events")));
  ASSERT_TRUE(first->wait_for("event: status"));
  EXPECT_EQ(get("/api/v1/events").code(), "too_many_streams");
  first.reset();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  int status = 0;
  while (status != 200 && std::chrono::steady_clock::now() < deadline) {
    RawClient next(server_->address());
    ASSERT_TRUE(next.send(request("GET", "/api/v1/events")));
    status = next.receive().status;
  }
  EXPECT_EQ(status, 200);
}

}  // namespace
}  // namespace millrace::http
