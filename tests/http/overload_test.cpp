// Promises of what others notice of clients that hold connections, bodies and answers: health is
// answered at once, and calls go on.
#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/http/served_fake.hpp"

namespace millrace::http {
namespace {

using std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

class Overload : public ServedFake {
 protected:
  /// The longest of some calls for health, which all must succeed.
  Milliseconds slowest_health(int calls = 20) {
    Milliseconds slowest{0};
    for (int i = 0; i < calls; ++i) {
      const auto begin = steady_clock::now();
      const Answer answer = ask(request("GET", "/healthz"));
      EXPECT_EQ(answer.status, 200);
      EXPECT_EQ(answer.body, "ok\n");
      slowest = std::max<Milliseconds>(slowest, steady_clock::now() - begin);
    }
    return slowest;
  }
  /// Generous against 100 ms, for a machine that does other things as well.
  void expect_health() { EXPECT_LT(slowest_health().count(), 1'000); }

  static std::string head_of_body(std::uint64_t bytes) {
    return request(
        "POST", offer_path,
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(bytes) + "\r\n");
  }
};

TEST_F(Overload, ByHalfBodies) {
  serve({.connections_max = 80});
  std::vector<RawClient> slow;
  for (int i = 0; i < 64; ++i) {
    slow.push_back(connect());
    ASSERT_TRUE(slow.back().send(head_of_body(8u << 20) + "{"));
    if (i % 8 == 0) expect_health();
  }
  expect_health();
  // A small body passes the large ones at once; a large one when those that stand still are cut.
  EXPECT_EQ(ask(post(offer_path, "{}")).status, 202);
  EXPECT_EQ(ask(post(offer_path, std::string(4u << 20, ' ') + "1")).status, 202);
  expect_health();
}

TEST_F(Overload, ByReadersThatDoNotRead) {
  MessageView view;
  view.envelope.set_payload(std::string(2u << 20, 'x'));  // shown as 4 MiB of digits
  api_.message_list = {view};
  serve({.connections_max = 80, .answers_bytes_max = 16u << 20});
  std::vector<RawClient> slow;
  for (int i = 0; i < 64; ++i) {
    slow.push_back(connect());
    ASSERT_TRUE(slow.back().send(request("GET", offer_path)));
  }
  expect_health();
  EXPECT_EQ(ask(post(offer_path, "{}")).status, 202);
  EXPECT_EQ(ask(request("GET", offer_path)).status, 200) << "those that do not read are cut";
  expect_health();
}

TEST_F(Overload, ByBrackets) {
  serve();
  const std::string brackets(8u << 20, '[');
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send(post("/api/v1/cluster/shards/0/move", brackets)));
  }
  expect_health();
  for (RawClient& client : clients) EXPECT_EQ(client.receive().status, 413);
  EXPECT_TRUE(api_.moves.empty());
}

TEST_F(Overload, ByRefusalsThatAreNotRead) {
  serve({.token = "secret"});
  std::string many;
  for (int i = 0; i < 2'000; ++i) many += request("DELETE", offer_path);
  std::vector<RawClient> clients;
  for (int i = 0; i < 24; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send_some(many));
  }
  expect_health();
  EXPECT_EQ(ask(post(offer_path, "{}", "Authorization: Bearer secret\r\n")).status, 202);
  EXPECT_EQ(api_.drops, 0);
}

TEST_F(Overload, ByAllConnectionsAtWork) {
  api_.holds_offers = true;
  serve({.connections_max = 8, .event_streams_max = 0});
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.push_back(connect());
    ASSERT_TRUE(clients.back().send(post(offer_path, "{}")));
  }
  wait_for_offers(8);
  expect_health();
  const Answer answer = ask(request("GET", "/api/v1/status"));
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "too_many_connections");
  release_offers();
  for (RawClient& client : clients) EXPECT_EQ(client.receive().status, 202);
  expect_alive();
}

TEST_F(Overload, ByAllConnectionsWithoutProgress) {
  serve({.connections_max = 16, .event_streams_max = 0});
  std::vector<RawClient> slow;
  for (int i = 0; i < 16; ++i) {
    slow.push_back(connect());
    ASSERT_TRUE(slow.back().send(head_of_body(1u << 20) + "{"));
  }
  // At first they might go on; when they have not for a while, others take their places.
  const auto deadline = steady_clock::now() + std::chrono::seconds(20);
  int status = 0;
  while (status != 200 && steady_clock::now() < deadline) {
    status = ask(request("GET", "/api/v1/status")).status;
    EXPECT_TRUE(status == 200 || status == 503) << status;
    expect_health();
  }
  EXPECT_EQ(status, 200);
}

TEST_F(Overload, ByMoreConnectionsThanHaveRequests) {
  serve({.connections_max = 16});
  std::vector<RawClient> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(connect());
  expect_health();
  expect_alive();
}

TEST_F(Overload, OffersThatWaitHoldNoThread) {
  api_.holds_offers = true;
  serve({.connections_max = 500});
  std::vector<RawClient> clients;
  std::vector<RawClient> leaving;
  for (int i = 0; i < 400; ++i) {
    auto& side = i < 100 ? leaving : clients;
    side.push_back(connect());
    ASSERT_TRUE(side.back().send(post(offer_path, "{}")));
  }
  wait_for_offers(400);
  expect_alive();
  // A client that goes away leaves an outcome that nobody waits for.
  leaving.clear();
  expect_alive();
  release_offers();
  for (RawClient& client : clients) ASSERT_EQ(client.receive().status, 202);
}

TEST_F(Overload, OffersThatNobodySettlesAreOfUnknownOutcome) {
  api_.holds_offers = true;
  serve();
  RawClient client = connect();
  ASSERT_TRUE(client.send(post(offer_path, "{}")));
  wait_for_offers(1);
  {
    const std::lock_guard lock(api_.mutex);
    api_.held_offers.clear();
  }
  const Answer answer = client.receive();
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "timeout");
}

TEST_F(Overload, OffersMayBeSettledWhenTheServerIsGone) {
  api_.holds_offers = true;
  serve();
  RawClient client = connect();
  ASSERT_TRUE(client.send(post(offer_path, "{}")));
  wait_for_offers(1);
  server_.reset();
  EXPECT_TRUE(client.is_closed());
  release_offers();
}

}  // namespace
}  // namespace millrace::http
