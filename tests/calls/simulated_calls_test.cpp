// Promise: over links that are cut and windows that fill up, `done` of each call is called exactly once,
// offers keep their share of a link, a node of an older version keeps its link, and invalid frames end
// it. Checked with the nodes' real parts on a simulated network, on virtual time.
#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "actors/testing/shell/deterministic_actor_system.hpp"
#include "cluster/calls/peer_calls.hpp"
#include "cluster/federation/federated_node.hpp"
#include "cluster/transport/sim/simulated_network.hpp"
#include "messages/calls.pb.h"

namespace millrace::calls {
namespace {

using federation::FederatedNode;
using std::chrono::milliseconds;
using transport::Frame;
using transport::FrameKind;

/// What became of the calls of a test.
struct Outcomes {
  std::vector<Result<std::string>> all{};

  [[nodiscard]] PeerCalls::Answer add() {
    return [this](Result<std::string> outcome) {
      all.push_back(std::move(outcome));
    };
  }
  [[nodiscard]] std::size_t count(ErrorCode code) const {
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const auto& one) { return !one && one.error().code == code; }));
  }
  [[nodiscard]] std::size_t answered() const {
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& one) { return one.has_value(); }));
  }
};

constexpr FrameKind offers{3};

/// A node with calls, or, `is_old`, of a version without them. Frames of kind `offers` are counted.
class Node final : public transport::TransportListener {
 public:
  Node(DeterministicActorSystem& system, transport::SimulatedNetwork& network,
       const std::string& name, const std::vector<std::string>& others, bool is_old,
       std::uint64_t incarnation) {
    transport::TransportOptions options;
    options.own = {"sim", name, incarnation, 1, is_old ? 0 : calls_feature};
    for (const std::string& other : others) options.peers.push_back({other, {"127.0.0.1", 1}});
    transport_ = &network.add(options);
    calls_ = std::make_unique<PeerCalls>(name, incarnation, *transport_, system);
    federated_ = std::make_unique<FederatedNode>(
        name, *transport_, [name](const auto&, auto) { return name; },
        is_old ? nullptr : calls_.get());
    federated_->open(system.system());
    EXPECT_TRUE(transport_->start(*this));
  }
  ~Node() override { federated_->stopped(); }

  void on_up(const std::string& peer, std::uint64_t incarnation) override {
    federated_->on_up(peer, incarnation);
  }
  void on_frame(const std::string& peer, Frame frame, transport::Credit credit) override {
    if (frame.kind == offers) {
      ++offers_got;
    } else {
      federated_->on_frame(peer, std::move(frame), std::move(credit));
    }
  }
  void on_writable(const std::string& peer) override { federated_->on_writable(peer); }
  void on_down(const std::string& peer, const Error& reason) override {
    ++downs;
    last_down = reason;
    federated_->on_down(peer, reason);
  }

  [[nodiscard]] PeerCalls& calls() { return *calls_; }
  [[nodiscard]] FederatedNode& federated() { return *federated_; }
  [[nodiscard]] transport::Transport& transport() { return *transport_; }

  int downs = 0;
  Error last_down{};
  std::size_t offers_got = 0;

 private:
  transport::Transport* transport_ = nullptr;
  std::unique_ptr<PeerCalls> calls_;
  std::unique_ptr<FederatedNode> federated_;
};

/// Nodes "a" and "b", and "old", which knows no calls.
class SimulatedCallsTest : public testing::Test {
 protected:
  SimulatedCallsTest() {
    spdlog::set_level(spdlog::level::off);  // links that break would flood the log
    start("a");
    start("b");
    start("old", true);
    run(500);
    node("b").calls().serve("echo", [](const auto&, std::string request,
                                       const PeerCalls::Answer& answer) { answer(request); });
    node("b").calls().serve("keep", [this](const auto&, const auto&, PeerCalls::Answer answer) {
      kept_.push_back(std::move(answer));
    });
  }
  ~SimulatedCallsTest() override {
    kept_.clear();
    for (auto& [name, node] : nodes_) network_.kill(name);
    nodes_.clear();
  }

  void start(const std::string& name, bool is_old = false) {
    std::vector<std::string> others{"a", "b", "old"};
    std::erase(others, name);
    nodes_[name] = std::make_unique<Node>(system_, network_, name, others, is_old, ++incarnations_);
  }
  void kill(const std::string& name) {
    network_.kill(name);
    nodes_.erase(name);
  }
  [[nodiscard]] Node& node(const std::string& name) { return *nodes_.at(name); }

  void tick() {
    system_.drain();
    system_.advance(milliseconds(1));
    network_.run_for(1'000);
    system_.drain();
  }
  void run(int ticks) {
    for (int i = 0; i < ticks; ++i) tick();
  }
  void call(const std::string& service, std::string request = "?", milliseconds timeout = limit,
            const std::string& peer = "b") {
    node("a").calls().call(peer, service, std::move(request), timeout, outcomes_.add());
  }

  static constexpr milliseconds limit{2'000};

  DeterministicActorSystem system_{1};
  transport::SimulatedNetwork network_{1};
  std::vector<PeerCalls::Answer> kept_;
  Outcomes outcomes_;
  std::uint64_t incarnations_ = 0;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
};

TEST_F(SimulatedCallsTest, AreAnsweredByTheServiceOfThatName) {
  EXPECT_EQ(node("a").calls().peers_up(), (std::vector<std::string>{"b", "old"}));
  call("echo", "hello");
  call("nonsense");
  run(20);
  ASSERT_EQ(outcomes_.all.size(), 2u);
  EXPECT_EQ(*outcomes_.all[0], "hello");
  EXPECT_EQ(outcomes_.all[1].error(), (Error{ErrorCode::not_found, "b has no service nonsense"}));
  call("echo", "?", limit, "nobody");
  ASSERT_EQ(outcomes_.all.size(), 3u);
  EXPECT_EQ(outcomes_.all[2].error().code, ErrorCode::not_found);
}

TEST_F(SimulatedCallsTest, PassOnTheErrorOfAServiceAndMissNoAnswer) {
  node("b").calls().serve("fail", [](const auto&, const auto&, const PeerCalls::Answer& answer) {
    answer(Error{ErrorCode::not_owner, "c does \xff"});
    answer(std::string("the second answer does not count"));
  });
  node("b").calls().serve("forget", [](const auto&, const auto&, const auto&) {});
  call("fail");
  call("forget");
  run(20);
  ASSERT_EQ(outcomes_.all.size(), 2u);
  EXPECT_EQ(outcomes_.all[0].error(), (Error{ErrorCode::not_owner, "c does \xff"}));
  EXPECT_EQ(outcomes_.all[1].error().code, ErrorCode::handler_failed);
}

TEST_F(SimulatedCallsTest, EndByTheirTimeAndDropTheLateAnswer) {
  call("keep", "?", milliseconds(100));
  run(98);
  EXPECT_TRUE(outcomes_.all.empty());
  run(5);
  ASSERT_EQ(outcomes_.count(ErrorCode::timeout), 1u);
  ASSERT_EQ(kept_.size(), 1u);
  kept_[0](std::string("late"));
  run(50);
  EXPECT_EQ(outcomes_.all.size(), 1u);
  EXPECT_EQ(node("a").downs + node("b").downs, 0) << "a late answer is no fault";
}

TEST_F(SimulatedCallsTest, EndWhenTheirLinkBreaks) {
  call("keep");
  run(20);
  ASSERT_EQ(kept_.size(), 1u);
  network_.cut("b", "a");
  call("echo", "?", milliseconds(60'000));  // done, and the answer is lost
  run(6'000);
  EXPECT_EQ(outcomes_.count(ErrorCode::timeout), 1u) << "keep";
  EXPECT_EQ(outcomes_.count(ErrorCode::unreachable), 1u) << "echo, as soon as the peer is silent";
  call("echo");
  EXPECT_EQ(outcomes_.count(ErrorCode::unreachable), 2u) << "at once";
  network_.heal("b", "a");
  run(1'000);
  kept_[0](std::string("for the link of before"));
  call("echo", "again");
  run(50);
  ASSERT_EQ(outcomes_.all.size(), 4u);
  EXPECT_EQ(*outcomes_.all[3], "again");
}

TEST_F(SimulatedCallsTest, AreNotAnsweredForAnEarlierStart) {
  call("keep");
  run(20);
  const auto of_before = kept_[0];
  kill("a");
  EXPECT_EQ(outcomes_.count(ErrorCode::draining), 1u);
  start("a");
  run(500);
  call("keep");  // has the same number
  of_before(std::string("wrong"));
  run(20);
  EXPECT_EQ(outcomes_.all.size(), 1u);
  kept_[1](std::string("right"));
  run(20);
  ASSERT_EQ(outcomes_.all.size(), 2u);
  EXPECT_EQ(*outcomes_.all[1], "right");
}

TEST_F(SimulatedCallsTest, LeaveTheLinkOfAnOldNodeAlone) {
  call("echo", "?", limit, "old");
  ASSERT_EQ(outcomes_.count(ErrorCode::not_found), 1u) << "at once";
  run(100);
  EXPECT_EQ(node("old").downs, 0);
  // What it would do with the frame, and that a program is replaced on either side.
  ASSERT_TRUE(node("a").transport().send("old", {request_frame, ""}));
  run(500);
  EXPECT_EQ(node("old").downs, 1);
  EXPECT_EQ(node("old").last_down.code, ErrorCode::protocol);
  kill("old");
  start("old");
  node("old").calls().serve("echo", [](const auto&, std::string request,
                                       const PeerCalls::Answer& answer) { answer(request); });
  run(1'000);
  call("echo", "new", limit, "old");
  run(20);
  EXPECT_EQ(outcomes_.answered(), 1u);
}

TEST_F(SimulatedCallsTest, AreBoundedInNumber) {
  for (int i = 0; i < 1'000; ++i) call("keep", std::to_string(i));
  EXPECT_EQ(outcomes_.count(ErrorCode::backlog_full), 936u);
  run(50);
  EXPECT_EQ(kept_.size(), 64u);
  run(2'100);
  EXPECT_EQ(outcomes_.count(ErrorCode::timeout), 64u);
  call("echo");
  run(20);
  EXPECT_EQ(outcomes_.count(ErrorCode::backlog_full), 937u) << "b serves as many as it may";
  kept_.resize(63);
  call("echo");
  run(20);
  EXPECT_EQ(outcomes_.answered(), 1u);
  EXPECT_EQ(outcomes_.all.size(), 1'002u);
  EXPECT_EQ(node("a").downs, 0);
}

TEST_F(SimulatedCallsTest, CarryWhatAFrameCarriesAndNoMore) {
  const std::size_t bytes_max = Limits().message_bytes_max;
  node("b").calls().serve("grow", [](const auto&, std::string request,
                                     const PeerCalls::Answer& answer) { answer(request + "x"); });
  call("echo", std::string(bytes_max, 'x'));
  run(100);
  ASSERT_EQ(outcomes_.answered(), 1u);
  EXPECT_EQ(outcomes_.all[0]->size(), bytes_max);
  call("echo", std::string(bytes_max + 1, 'x'));
  EXPECT_EQ(outcomes_.count(ErrorCode::too_large), 1u) << "not sent";
  call("grow", std::string(bytes_max, 'x'));
  run(100);
  EXPECT_EQ(outcomes_.count(ErrorCode::too_large), 2u) << "by the peer";
  EXPECT_EQ(node("a").downs, 0);
}

TEST_F(SimulatedCallsTest, LeaveOffersTheirShareOfTheLink) {
  const std::string large(200u << 10, 'x');
  std::size_t begun = 0;
  std::size_t refused = 0;
  std::size_t accepted = 0;
  for (int i = 0; i < 300; ++i) {
    // As many large calls as may be in flight; their answers go the other way.
    for (; begun < outcomes_.all.size() + 64; ++begun) call("echo", large);
    for (int k = 0; k < 4; ++k) {
      const bool is_taken =
          node("a").transport().send("b", {offers, std::string(64u << 10, 'o')}).has_value();
      ++(is_taken ? accepted : refused);
    }
    tick();
  }
  run(10);
  EXPECT_LT(refused, accepted / 20) << "calls take the window";
  EXPECT_EQ(node("b").offers_got, accepted);
  EXPECT_GT(outcomes_.answered(), 20u) << "and go on";
  EXPECT_EQ(outcomes_.answered(), outcomes_.all.size());
}

TEST_F(SimulatedCallsTest, EndALinkThatCarriesGarbage) {
  pb::PeerAnswer unasked;
  unasked.set_caller(1);  // the start of "a"
  unasked.set_number(9);
  unasked.set_answer("!");
  pb::PeerRequest unnumbered;
  unnumbered.set_service("echo");
  const std::string torn = "\x1a\x7f";  // a field whose length exceeds the remaining bytes
  const std::vector<Frame> garbage{{request_frame, torn},
                                   {answer_frame, torn},
                                   {answer_frame, ""},
                                   {answer_frame, unasked.SerializeAsString()},
                                   {request_frame, unnumbered.SerializeAsString()}};
  int downs = 0;
  for (const Frame& frame : garbage) {
    ASSERT_TRUE(node("b").transport().send("a", Frame(frame)));
    run(1'000);
    EXPECT_EQ(node("b").downs, ++downs) << frame.bytes;
    EXPECT_EQ(node("b").last_down.code, ErrorCode::protocol);
    EXPECT_TRUE(node("b").transport().status("a")->is_up) << "it may link up again";
  }
  EXPECT_EQ(node("old").downs, 0) << "the other link";
}

TEST_F(SimulatedCallsTest, OfANodeToItselfGoToItsOwnService) {
  PeerCalls& calls = node("a").calls();
  std::string caller;
  std::vector<PeerCalls::Answer> own;
  calls.serve("own", [&](const std::string& peer, const auto&, const PeerCalls::Answer& answer) {
    caller = peer;
    own.push_back(answer);
  });
  call("own", "?", milliseconds(50), "a");
  EXPECT_EQ(caller, "a");
  call("own", "?", milliseconds(50), "a");
  own[0](std::string("done"));
  ASSERT_EQ(outcomes_.all.size(), 1u);
  EXPECT_EQ(*outcomes_.all[0], "done");
  run(60);
  EXPECT_EQ(outcomes_.count(ErrorCode::timeout), 1u);
  own[1](std::string("late"));
  call("nonsense", "?", limit, "a");
  EXPECT_EQ(outcomes_.count(ErrorCode::not_found), 1u);
  EXPECT_EQ(outcomes_.all.size(), 3u);
}

TEST_F(SimulatedCallsTest, MayBeMadeByServicesAndAnswers) {
  node("a").calls().serve(
      "ask back", [&](const std::string& peer, std::string request, PeerCalls::Answer answer) {
        node("a").calls().call(peer, "echo", request + " and back", limit, std::move(answer));
      });
  node("b").calls().call("a", "ask back", "there", limit, [&](Result<std::string> first) {
    ASSERT_TRUE(first);
    node("b").calls().call("a", "ask back", *first, limit, outcomes_.add());
  });
  run(50);
  ASSERT_EQ(outcomes_.answered(), 1u);
  EXPECT_EQ(*outcomes_.all[0], "there and back and back");
}

TEST_F(SimulatedCallsTest, EndWithTheirNodeAndAreRefusedByIt) {
  call("keep");
  run(20);
  node("a").federated().stopped();
  EXPECT_EQ(outcomes_.count(ErrorCode::draining), 1u);
  call("echo");
  EXPECT_EQ(outcomes_.count(ErrorCode::draining), 2u);
  Outcomes of_b;
  node("b").calls().call("a", "echo", "", limit, of_b.add());
  run(20);
  EXPECT_EQ(of_b.count(ErrorCode::draining), 1u);
  kept_[0](std::string("too late"));
  run(20);
  EXPECT_EQ(outcomes_.all.size(), 2u);
  EXPECT_EQ(node("b").downs, 0);
}

TEST_F(SimulatedCallsTest, AreRefusedBeforeTheNodeHasStarted) {
  PeerCalls calls("c", 1, node("a").transport(), system_);
  calls.call("b", "echo", "", limit, outcomes_.add());
  EXPECT_EQ(outcomes_.count(ErrorCode::draining), 1u);
}

}  // namespace
}  // namespace millrace::calls
