// Any node answers for the cluster: answers are added up, bounds hold for all nodes together, and who is missing is named.
// The peers exist in the test only; questions from them come in as from a link.
#include <future>

#include "tests/http/served_fake.hpp"

namespace millrace::http {
namespace {

using Json = nlohmann::json;

const Error gone{ErrorCode::unreachable, "there is no link"};

class ClusterHttp : public ServedFake {
 protected:
  void SetUp() override {
    api_.member_list.push_back({.name = "b", .state = "up"});
    api_.member_list.push_back({.name = "c", .state = "up"});
    set("b", gone);
    set("c", gone);
    serve({.token = "secret"});
  }
  void set(const std::string& peer, Result<PeerAnswer> answer) {
    api_.peers.answers.insert_or_assign(peer, std::move(answer));
  }
  void set(const std::string& peer, const Json& body, int status = 200) {
    set(peer, Result<PeerAnswer>(PeerAnswer{status, body.dump()}));
  }
  Answer get(const std::string& target) { return ask(request("GET", target)); }
  Answer change(const std::string& method, const std::string& target,
                const std::string& body = "") {
    const std::string token = "Authorization: Bearer secret\r\n";
    return ask(method == "POST" ? post(target, body, token) : request(method, target, token));
  }
  /// What this node answers to another one.
  PeerAnswer question(PeerQuestion asked) {
    std::promise<PeerAnswer> answer;
    server_->answer_peer(std::move(asked),
                         [&](PeerAnswer done) { answer.set_value(std::move(done)); });
    return answer.get_future().get();
  }
  std::vector<std::string> missing(const Json& body) {
    std::vector<std::string> nodes;
    for (const Json& each : body.value("missing_nodes", Json::array()))
      nodes.push_back(each["node"]);
    return nodes;
  }
};

TEST_F(ClusterHttp, AddsUpTheQueuesOfAllNodes) {
  QueueInfo own = queue_called("in");
  own.is_above_high_water = false;
  api_.queue_list = {own};
  set("b", {{"queues",
             {{{"queue", "in"},
               {"shards", 3},
               {"offered", 40},
               {"above_high_water", true},
               {"oldest_age_s", 7.5},
               {"nodes", {{{"node", "b"}, {"shards", 3}, {"queued", 1}}}}},
              {{"queue", "only.there"}, {"offered", 1}}}}});
  set("c", {{"queues", {{{"queue", "in"}, {"offered", 500}, {"oldest_age_s", 2.0}}}}});
  const Answer answer = get("/api/v1/queues");
  EXPECT_EQ(answer.status, 200);
  const Json body = answer.json();
  EXPECT_FALSE(body.contains("missing_nodes"));
  ASSERT_EQ(body["queues"].size(), 2u);
  const Json& in = body["queues"][0];
  EXPECT_EQ(in["offered"], 543);
  EXPECT_EQ(in["shards"], 5);
  EXPECT_EQ(in["above_high_water"], true);
  EXPECT_EQ(in["oldest_age_s"], 7.5) << "the age of the oldest, not a sum";
  EXPECT_EQ(in["nodes"][0]["node"], "a");
  EXPECT_EQ(in["nodes"][1]["node"], "b");
  EXPECT_EQ(body["queues"][1]["queue"], "only.there");
}

TEST_F(ClusterHttp, NamesTheNodesThatAreMissingInAList) {
  api_.queue_list = {queue_called("in")};
  set("c", {{"queues", Json::array()}});
  const Answer answer = get("/api/v1/queues?scope=cluster");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(missing(answer.json()), std::vector<std::string>{"b"});
  EXPECT_EQ(answer.json()["missing_nodes"][0]["code"], "unreachable");
  EXPECT_EQ(answer.json()["queues"][0]["offered"], 3);
  set("c", PeerAnswer{200, "no JSON"});
  EXPECT_EQ(missing(get("/api/v1/queues").json()).size(), 2u) << "it says nothing that can be used";
}

TEST_F(ClusterHttp, AsksNobodyWhereOneNodeIsMeant) {
  api_.queue_list = {queue_called("in")};
  EXPECT_EQ(get("/api/v1/queues?scope=node").json()["queues"][0]["offered"], 3);
  EXPECT_EQ(get("/api/v1/queues/in/messages?scope=node&max=3").status, 200);
  EXPECT_EQ(get("/api/v1/queues?scope=all").status, 400);
  EXPECT_TRUE(api_.peers.asked.empty());
}

TEST_F(ClusterHttp, DoesNotMissANodeThatHasLeft) {
  api_.member_list[1].state = "removed";
  api_.member_list[2].state = "removed";
  api_.member_list[2].served_shards = {1};
  EXPECT_EQ(missing(get("/api/v1/queues").json()), std::vector<std::string>{"c"})
      << "it has gone with a shard of its own";
}

TEST_F(ClusterHttp, KnowsNoQueueThatNoNodeKnows) {
  const Json nothing{{"code", "not_found"}, {"detail", "no queue is called x"}};
  set("b", nothing, 404);
  const Answer answer = get("/api/v1/queues/x");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(missing(answer.json()), std::vector<std::string>{"c"}) << "it could have one";
  set("c", {{"queue", "x"}, {"queued", 7}});
  EXPECT_EQ(get("/api/v1/queues/x").json()["queued"], 7) << "of a node with an older pipeline";
}

TEST_F(ClusterHttp, PausesOnAllNodes) {
  set("b", {{"paused", {{{"queue", "in"}, {"shards", 2}, {"node", "b"}}}}});
  set("c", {{"paused", {{{"queue", "in"}, {"shards", 1}, {"node", "c"}}}}});
  const Answer answer = change("POST", "/api/v1/pause", R"({"queue": "in", "for": "10m"})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["paused"].size(), 3u);
  ASSERT_EQ(api_.peers.asked.size(), 1u) << "all at once";
  const FakePeers::Asked& asked = api_.peers.asked[0];
  EXPECT_EQ(asked.peers, (std::vector<std::string>{"b", "c"}));
  EXPECT_EQ(asked.question.method, "POST");
  EXPECT_EQ(asked.question.target, "/api/v1/pause");
  EXPECT_EQ(asked.question.body, R"({"queue": "in", "for": "10m"})");
  EXPECT_EQ(asked.question.client, "127.0.0.1") << "who is noted where the body does not say it";
}

TEST_F(ClusterHttp, SaysWhatAPauseHasNotReached) {
  set("b", {{"paused", {{{"queue", "in"}, {"shards", 2}, {"node", "b"}}}}});
  const Answer answer = change("POST", "/api/v1/pause", R"({"queue": "in"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "unreachable");
  EXPECT_EQ(missing(answer.json()), std::vector<std::string>{"c"});
  EXPECT_EQ(answer.json()["paused"].size(), 2u) << "what was done stands beside";
  EXPECT_NE(answer.json()["detail"].get<std::string>().find("node c"), std::string::npos);
}

TEST_F(ClusterHttp, SaysHowManyShardsNoNodeCouldPause) {
  api_.paused_list = {{"in", 1}, {"out", 2}};
  set("b", {{"paused", {{{"queue", "in"}, {"shards", 1}}, {{"queue", "out"}, {"shards", 2}}}}});
  set("c", {{"paused", {{{"queue", "in"}, {"shards", 0}}, {{"queue", "out"}, {"shards", 0}}}}});
  const Answer answer = change("POST", "/api/v1/pause", R"({"role": "pay"})");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.code(), "unreachable");
  ASSERT_EQ(answer.json()["missing_shards"].size(), 1u);
  EXPECT_EQ(answer.json()["missing_shards"][0], (Json{{"queue", "in"}, {"shards", 2}}));
  EXPECT_FALSE(answer.json().contains("missing_nodes"));
  EXPECT_EQ(answer.json()["paused"].size(), 6u);
}

TEST_F(ClusterHttp, PausesAKeyWhereverItsShardIs) {
  api_.paused_list = {{"in", 0}};
  set("b", {{"paused", {{{"queue", "in"}, {"shards", 1}}}}});
  const std::string body = R"({"queue": "in", "key": "k"})";
  EXPECT_EQ(change("POST", "/api/v1/pause", body).status, 200) << "c has no part in it";
  set("b", {{"paused", {{{"queue", "in"}, {"shards", 0}}}}});
  EXPECT_EQ(missing(change("POST", "/api/v1/pause", body).json()), std::vector<std::string>{"c"});
  set("c", {{"paused", {{{"queue", "in"}, {"shards", 0}}}}});
  EXPECT_EQ(change("POST", "/api/v1/pause", body).json()["missing_shards"][0]["shards"], 1);
}

TEST_F(ClusterHttp, NeedsNoOtherNodeForAKeyOfThisOne) {
  EXPECT_EQ(change("POST", "/api/v1/pause", R"({"queue": "in", "key": "k"})").status, 200);
  EXPECT_TRUE(api_.peers.asked.empty()) << "its one shard is here";
}

TEST_F(ClusterHttp, DoesNothingElsewhereIfTheRequestIsWrong) {
  EXPECT_EQ(change("POST", "/api/v1/pause", R"({"queue": 7})").status, 400);
  EXPECT_EQ(change("DELETE", "/api/v1/queues/in/messages?max=0").status, 400);
  EXPECT_EQ(ask(request("DELETE", "/api/v1/queues/in/messages")).status, 401);
  EXPECT_TRUE(api_.peers.asked.empty());
}

TEST_F(ClusterHttp, DropsAtMostWhatWasSaidOnAllNodesTogether) {
  set("b", {{"dropped", 2}, {"nodes", {{{"node", "b"}, {"dropped", 2}}}}});
  set("c", {{"dropped", 1}, {"nodes", {{{"node", "c"}, {"dropped", 1}}}}});
  const Answer answer = change("DELETE", "/api/v1/queues/in/messages?max=8&key=k%2F1");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["dropped"], 8);
  EXPECT_EQ(answer.json()["nodes"].size(), 3u);
  ASSERT_EQ(api_.peers.asked.size(), 2u) << "one after the other";
  EXPECT_EQ(api_.peers.asked[0].question.target, "/api/v1/queues/in/messages?key=k%2F1&max=3");
  EXPECT_EQ(api_.peers.asked[1].question.target, "/api/v1/queues/in/messages?key=k%2F1&max=1");
  EXPECT_EQ(change("DELETE", "/api/v1/queues/in/messages?max=5").json()["dropped"], 5);
  EXPECT_EQ(api_.peers.asked.size(), 2u) << "there is nothing left to ask for";
  set("c", gone);
  EXPECT_EQ(change("POST", "/api/v1/dlq/in.dead/redrive").status, 503);
  EXPECT_EQ(api_.peers.asked.size(), 3u);
}

TEST_F(ClusterHttp, ShowsMessagesOfOtherNodesUpToTheMaximum) {
  set("b", {{"messages", {{{"sequence", 1}, {"node", "b"}}, {{"sequence", 2}, {"node", "b"}}}}});
  const Answer answer = get("/api/v1/queues/in/messages?max=2");
  EXPECT_EQ(answer.json()["messages"].size(), 2u);
  ASSERT_EQ(api_.peers.asked.size(), 1u);
  EXPECT_EQ(api_.peers.asked[0].question.target, "/api/v1/queues/in/messages?max=2");
  EXPECT_EQ(get("/api/v1/queues/in/messages").status, 200);
  EXPECT_EQ(api_.peers.asked[1].question.target, "/api/v1/queues/in/messages?max=10");
}

TEST_F(ClusterHttp, AnswersAnotherNodeForItselfAlone) {
  api_.queue_list = {queue_called("in")};
  PeerAnswer answer = question({"GET", "/api/v1/queues", "", "10.0.0.9"});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Json::parse(answer.body)["queues"][0]["offered"], 3);
  answer = question({"POST", "/api/v1/pause", R"({"queue": "in"})", "10.0.0.9"});
  EXPECT_EQ(answer.status, 200) << "the node that was asked has let the client in";
  ASSERT_EQ(api_.pause_requests.size(), 1u);
  EXPECT_EQ(api_.pause_requests[0].command.by, "10.0.0.9");
  EXPECT_TRUE(api_.peers.asked.empty()) << "else nodes would ask each other without end";
}

TEST_F(ClusterHttp, AnswersAnotherNodeNothingElse) {
  for (const PeerQuestion& asked :
       {PeerQuestion{"POST", "/api/v1/queues/in/messages", "{}", ""},
        PeerQuestion{"POST", "/api/v1/cluster/drain", "{}", ""},
        PeerQuestion{"GET", "/api/v1/none", "", ""}, PeerQuestion{"GET", "..", "", ""},
        PeerQuestion{"GET", "", "", ""}}) {
    EXPECT_GE(question(asked).status, 400) << asked.target;
  }
  EXPECT_TRUE(api_.offers.empty());
  EXPECT_EQ(api_.drains, 0);
}

TEST_F(ClusterHttp, ListsTheStagesOfEachNode) {
  StageCounts own;
  own.pipeline = "orders";
  own.stage = "charge";
  api_.stage_list = {own};
  set("b", {{"stages", {{{"pipeline", "orders"}, {"stage", "charge"}, {"node", "b"}}}}});
  const Json stages = get("/api/v1/stages").json()["stages"];
  ASSERT_EQ(stages.size(), 2u);
  EXPECT_EQ(stages[0]["node"], "a");
  EXPECT_EQ(stages[1]["node"], "b");
}

}  // namespace
}  // namespace millrace::http
