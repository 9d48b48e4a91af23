// What the gateway promises when clients are broken or hostile: each gets a clear refusal or the
// end of its connection, the server goes on, and others are served meanwhile.
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/http/service/http_service.hpp"
#include "tests/http/fake_node_api.hpp"
#include "tests/http/raw_client.hpp"

namespace millrace::http {
namespace {

constexpr const char* offer_path = "/api/v1/queues/in/messages";

class HostileClients : public testing::Test {
 protected:
  void serve(HttpServiceOptions options = {}) {
    auto started = HttpService::start(std::move(options), api_);
    ASSERT_TRUE(started) << started.error().message;
    server_ = std::move(*started);
  }
  Answer ask(const std::string& bytes) { return http::ask(server_->address(), bytes); }
  void expect_alive() { EXPECT_EQ(ask(request("GET", "/api/v1/status")).status, 200); }

  FakeNodeApi api_;
  std::unique_ptr<HttpService> server_;
};

TEST_F(HostileClients, GetNoFurtherByTricksWithPaths) {
  serve();
  for (const char* target :
       {"/api/v1/../../etc/passwd", "/api/v1/queues/..", "/api/v1/queues/%2e%2e/messages",
        "/api/v1//queues", "/api/v1/queues/", "/api/v1/queues/%", "/api/v1/queues/%zz",
        "/api/v1/queues/%00", "/api/v1/queues/a%0d%0aX:y/messages", "//", "*", "nothing",
        "http://other/api/v1/status", "/api/v1/queues/in/messages?max=1&max=2",
        "/api/v1/queues/in/messages?key=%0a"}) {
    const Answer answer = ask(request("GET", target));
    EXPECT_GE(answer.status, 400) << target;
    EXPECT_LT(answer.status, 500) << target;
    EXPECT_NE(answer.code(), "") << target;
  }
  // What is encoded stays one segment.
  EXPECT_EQ(ask(request("GET", "/api/v1%2fstatus")).status, 404);
  EXPECT_EQ(ask(request("GET", "/" + std::string(3'000, 'a'))).status, 414);
  EXPECT_EQ(ask(request("GET", "/" + std::string(20'000, 'a'))).status, 414);
  expect_alive();
}

TEST_F(HostileClients, GetRefusalsForWhatIsNoHttp) {
  serve();
  for (const char* bytes : {"\r\n\r\n", "GET\r\n\r\n", "GET /\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                            "BREW / HTTP/1.1\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n",
                            "\x16\x03\x01\x02\r\n\r\n", "GET / HTTP/1.1 x\r\n\r\n"}) {
    const Answer answer = ask(bytes);
    EXPECT_GE(answer.status, 400) << bytes;
    EXPECT_LT(answer.status, 500) << bytes;
  }
  EXPECT_EQ(ask("GET /api/v1/status HTTP/1.1\r\n" + std::string(40'000, 'x')).status, 431);
  std::string fields;
  for (int i = 0; i < 200; ++i) fields += "A: b\r\n";
  EXPECT_EQ(ask(request("GET", "/api/v1/status", fields)).status, 431);
  EXPECT_EQ(ask(request("GET", "/api/v1/status", "A: " + std::string(20'000, 'b') + "\r\n")).status,
            400);
  expect_alive();
}

TEST_F(HostileClients, GetNoRangesHoweverManyTheyAskFor) {
  serve();
  std::string ranges = "Range: bytes=0-";
  while (ranges.size() < 8'000) ranges += ",0-";
  const Answer answer = ask(request("GET", "/api/v1/status", ranges + "\r\nrAnGe: bytes=1-2\r\n"));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["node"], "a");
}

TEST_F(HostileClients, CannotClaimOrSendHugeBodies) {
  serve({.body_bytes_max = 1'000});
  const auto claim = [&](const std::string& length) {
    return ask(request("POST", offer_path,
                       "Content-Type: application/json\r\nContent-Length: " + length + "\r\n"))
        .status;
  };
  EXPECT_EQ(claim("1001"), 413);
  EXPECT_EQ(claim("18446744073709551615"), 413);
  EXPECT_EQ(claim("99999999999999999999999999"), 413);
  EXPECT_EQ(claim("-1"), 400);
  EXPECT_EQ(claim("1e9"), 400);
  EXPECT_EQ(claim("5\r\nContent-Length: 6"), 400);
  EXPECT_EQ(ask(request("POST", offer_path,
                        "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n") +
                "ffffffff\r\n")
                .status,
            411);
  EXPECT_EQ(ask(request("POST", offer_path,
                        "Content-Type: application/json\r\nContent-Encoding: gzip\r\n"
                        "Content-Length: 2\r\n") +
                "{}")
                .status,
            415);
  EXPECT_EQ(ask(request("GET", "/api/v1/status", "Content-Length: 2\r\n") + "{}").status, 400);
  EXPECT_TRUE(api_.offers.empty());
  EXPECT_EQ(ask(post(offer_path, std::string(1'000, '1'))).status, 202);
  expect_alive();
}

TEST_F(HostileClients, CannotSmuggleARequestInARefusedBody) {
  serve({.token = "secret"});
  RawClient client(server_->address());
  const std::string inner = request("DELETE", offer_path, "Authorization: Bearer secret\r\n");
  ASSERT_TRUE(client.send(post(offer_path, inner)));
  EXPECT_EQ(client.receive().status, 401);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(api_.drops, 0);
}

TEST_F(HostileClients, AreCutWhenTheyTakeTooLong) {
  serve({.timeout = std::chrono::milliseconds(300)});
  RawClient idle(server_->address());
  RawClient head(server_->address());
  RawClient body(server_->address());
  ASSERT_TRUE(head.send("GET /api/v1/status HTTP/1.1\r\nX: "));
  ASSERT_TRUE(body.send(
      request("POST", offer_path, "Content-Type: application/json\r\nContent-Length: 9\r\n") +
      "{"));
  EXPECT_EQ(head.receive().status, 408);
  EXPECT_EQ(body.receive().status, 408);
  EXPECT_TRUE(head.is_closed());
  EXPECT_TRUE(body.is_closed());
  EXPECT_TRUE(idle.is_closed());
  EXPECT_TRUE(api_.offers.empty());
  expect_alive();
}

TEST_F(HostileClients, CannotKeepOthersOutByIdleConnections) {
  serve({.connections_max = 8});
  std::vector<RawClient> idle;
  for (int i = 0; i < 100; ++i) {
    idle.emplace_back(server_->address());
    if (i % 2 == 0) std::ignore = idle.back().send("GET / HT");
  }
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(ask(request("GET", "/healthz")).status, 200);
    expect_alive();
  }
}

TEST_F(HostileClients, LeaveHealthAloneWhenAllWorkersWait) {
  serve({.connections_max = 64, .event_streams_max = 0, .timeout = std::chrono::seconds(5)});
  std::vector<RawClient> slow;
  for (int i = 0; i < 40; ++i) {
    slow.emplace_back(server_->address());
    ASSERT_TRUE(slow.back().send(
        request("POST", offer_path, "Content-Type: application/json\r\nContent-Length: 9\r\n") +
        "{"));
  }
  EXPECT_EQ(ask(request("GET", "/healthz")).status, 200);
}

TEST_F(HostileClients, AreToldWhenAllConnectionsAreAtWork) {
  serve({.connections_max = 2, .event_streams_max = 1, .timeout = std::chrono::seconds(5)});
  std::vector<RawClient> slow;
  for (int i = 0; i < 2; ++i) {
    slow.emplace_back(server_->address());
    ASSERT_TRUE(
        slow.back().send(request("POST", offer_path,
                                 "Content-Type: application/json\r\nExpect: 100-continue\r\n"
                                 "Content-Length: 9\r\n")));
    EXPECT_EQ(slow.back().receive(false).status, 100);  // a worker has it
  }
  const Answer answer = ask("");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "too_many_connections");
}

TEST_F(HostileClients, MayGoAwayAtAnyMoment) {
  serve();
  const std::string whole = post(offer_path, "{\"a\":1}");
  for (std::size_t size = 0; size <= whole.size(); ++size) {
    RawClient client(server_->address());
    ASSERT_TRUE(client.send(whole.substr(0, size)));
  }
  expect_alive();
}

}  // namespace
}  // namespace millrace::http
