// Promise: a shard moves between nodes under load without loss, duplicates or disorder, together
// with its key states, and a crash of either node at any record leaves one owner. Checked with the
// real actors of three nodes on a simulated network.
#include <algorithm>
#include <chrono>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "actors/pipeline/wiring.hpp"
#include "actors/sender/numbered_offer.hpp"
#include "cluster/testing/moving_node.hpp"
#include "messages/hash.hpp"
#include "tests/sim/cluster_audit.hpp"
#include "tests/sim/workload.hpp"

namespace millrace {
namespace {

constexpr std::uint32_t shards = 2;
constexpr std::uint32_t rest_ticks = 60'000;  // milliseconds

/// Three nodes; node "a" owns all shards at first.
class World {
 public:
  /// `one_role`: all queues of a shard move together; otherwise the queues of each stage
  /// separately.
  explicit World(bool one_role = false, std::uint64_t seed = 1)
      : system_(seed),
        network_(seed),
        role_(one_role ? "" : sim::entered().name()),
        one_role_(one_role) {
    spdlog::set_level(spdlog::level::off);  // broken links would flood the log
    watch_->is_failing = false;
    const std::vector<std::string> names{"a", "b", "c"};
    for (const std::string& name : names) {
      MovingNodeOptions options;
      options.node.name = name;
      options.node.shards = shards;
      options.pipelines = sim::workload(watch_);
      options.groups =
          one_role ? one_group(options.pipelines, shards, names, [](std::uint32_t) { return "a"; })
                   : groups_by_stage(options.pipelines, shards, names,
                                     [](const auto&, std::uint32_t) { return "a"; });
      options.others = names;
      std::erase(options.others, name);
      nodes_.push_back(std::make_unique<MovingNode>(system_, network_, std::move(options)));
      EXPECT_TRUE(nodes_.back()->start());
    }
    settle(200);
  }
  ~World() {
    for (auto& node : nodes_) {
      if (node->is_up()) node->kill();
    }
  }

  MovingNode& node(const std::string& name) {
    return *nodes_[static_cast<std::size_t>(name[0] - 'a')];
  }

  /// Advances by 1 ms: one record of each log becomes durable, and all resulting events are
  /// handled.
  void tick() {
    for (auto& node : nodes_) {
      node->node().log().commit(1);
      node->node().connect();
    }
    bool has_work = true;
    while (has_work) {
      has_work = system_.step();
      for (auto& node : nodes_) has_work = node->node().poll_clients() || has_work;
    }
    system_.advance(std::chrono::milliseconds(1));
    network_.run_for(1'000);
  }
  void settle(std::uint32_t ticks) {
    for (std::uint32_t i = 0; i < ticks; ++i) tick();
  }

  /// A client that numbers its messages by itself, for a key of shard 0: it offers the next one to the node
  /// that serves the shard, every third time with the one before again, and takes what has no answer within
  /// 200 ms for lost.
  void offer_numbered() {
    if (awaited_ > 0 && ++awaited_ < 200) return;
    awaited_ = 0;
    for (auto& node : nodes_) {
      if (!node->is_up()) continue;
      const auto served = node->node().actors().served(sim::entered().name(), 0);
      if (!served || !served->handle) continue;
      const auto offer = std::make_shared<queues::Offer>();
      offer->producer = "client/x";
      offer->epoch = 1;
      offer->first = next_ > 1 && ++offers_ % 3 == 0 ? next_ - 1 : next_;
      for (std::uint64_t number = offer->first; number <= next_; ++number) {
        const auto envelope = std::make_shared<pb::Envelope>(sim::envelope_of(numbered(number)));
        envelope->clear_idempotency_key();
        const MessageId id = offer_id("client/x/0", number);
        envelope->set_id_high(id.high);
        envelope->set_id_low(id.low);
        offer->messages.push_back(envelope);
      }
      const auto answer = [this, asked = ++asked_](const senders::NumberedOutcome& outcome) {
        if (asked != asked_) return;
        awaited_ = 0;
        if (outcome.refusal) {
          EXPECT_EQ(outcome.refusal->code, ErrorCode::not_owner) << outcome.refusal->message;
          return;
        }
        EXPECT_EQ(outcome.settled, next_);
        all_.push_back(numbered(next_++));
      };
      if (node->node().actors().offer_numbered(sim::entered().name(), 0, offer, answer)) {
        awaited_ = 1;
      }
      return;
    }
  }
  /// Numbers that the client's messages have had.
  [[nodiscard]] std::uint64_t numbers() const { return next_ - 1; }

  /// Offers the next number at each node.
  void enter() {
    for (auto& node : nodes_) {
      const std::int64_t number = sim::numbers_per_node * (1 + (node->name()[0] - 'a')) + entered_;
      all_.push_back(number);
      node->node().send(sim::entered().name(), std::string(sim::Number().GetTypeName()),
                        sim::envelope_of(number));
    }
    ++entered_;
  }

  void begin_move(const std::string& from, const std::string& to, std::uint32_t shard = 0,
                  const std::optional<std::string>& role = {}) {
    outcome_.reset();
    node(from).federation().move(role.value_or(role_), shard, to,
                                 [this](const Result<void>& done) { outcome_ = done; });
  }

  /// Moves the shard while numbers are offered; returns when the move has ended.
  void move(const std::string& from, const std::string& to, std::uint32_t shard = 0,
            const std::optional<std::string>& role = {}) {
    begin_move(from, to, shard, role);
    for (int i = 0; i < 20'000 && !outcome_; ++i) {
      if (i % 7 == 0 && entered_ < 300) enter();
      if (has_client) offer_numbered();
      tick();
    }
    ASSERT_TRUE(outcome_.has_value()) << "the move did not end";
    ASSERT_TRUE(outcome_->has_value()) << outcome_->error().message;
  }

  [[nodiscard]] sim::ClusterAudit audit() const {
    std::vector<Store> stores;
    for (const auto& node : nodes_) stores.push_back(node->node().log().replay());
    return {stores, [this](const std::string& queue) {
              return one_role_ ? std::string() : sim::role_of(queue);
            }};
  }

  /// Expects each offered number handled once and in order, and all queues empty.
  void expect_done() {
    for (std::uint32_t i = 0; i < rest_ticks; ++i) {
      tick();
      if (i % 500 == 499 && audit().queued() == 0 && audit().is_complete(all_).empty()) break;
    }
    EXPECT_EQ(audit().is_complete(all_), "");
    EXPECT_EQ(audit().queued(), 0u);
    EXPECT_EQ(watch_->violation, "");
  }

  /// Returns the only node that serves the shard by its durable record, once all nodes agree.
  [[nodiscard]] std::string owner(std::uint32_t shard = 0,
                                  const std::string& queue = sim::entered().name()) {
    std::string owner;
    for (auto& node : nodes_) {
      const auto served = node->node().actors().served(queue, shard);
      if (!served || !served->handle) continue;
      owner += node->name();
      EXPECT_TRUE(node->table().serves(queue, shard));
    }
    return owner;
  }

  /// Defines a queue at a node, as an operator does.
  void define(const std::string& queue, MovingNode& node) {
    StageSpec stage;
    stage.name = queue;
    stage.source = {.name = queue, .type = std::string(sim::Number().GetTypeName())};
    stage.is_external = true;
    ASSERT_TRUE(node.node().actors().define_queue(stage));
    node.federation().define_queue(queue, dead_letter_queue(stage), [] {});
  }

  [[nodiscard]] const std::optional<Result<void>>& outcome() const { return outcome_; }
  bool has_client = false;  ///< moves happen while offer_numbered() goes on
  [[nodiscard]] auto& nodes() { return nodes_; }

 private:
  /// The value of the client's message, whose key is of shard 0 and the same for all of them.
  static std::int64_t numbered(std::uint64_t number) {
    std::int64_t first = 4 * sim::numbers_per_node;
    while (shard_of(sim::envelope_of(first).key(), shards) != 0) ++first;
    return first + 12 * static_cast<std::int64_t>(number);
  }

  DeterministicActorSystem system_;
  transport::SimulatedNetwork network_;
  std::shared_ptr<sim::Watch> watch_ = std::make_shared<sim::Watch>();
  std::vector<std::unique_ptr<MovingNode>> nodes_;
  const std::string role_;  ///< role that moves by default
  const bool one_role_;
  std::vector<std::int64_t> all_;
  std::int64_t entered_ = 0;
  std::uint64_t next_ = 1;     ///< number of the client's next message
  std::uint64_t offers_ = 0;   ///< of the client, but the first
  std::uint64_t asked_ = 0;    ///< of the client's offer whose answer counts
  std::uint32_t awaited_ = 0;  ///< for so many ticks; 0: no answer is awaited
  std::optional<Result<void>> outcome_;
};

TEST(MoveShard, GoesToAnotherNodeUnderLoad) {
  World world;
  for (int i = 0; i < 50; ++i) world.enter();
  world.settle(100);
  world.move("a", "b");
  EXPECT_EQ(world.owner(), "b");
  world.expect_done();
}

TEST(MoveShard, GoesBackAndToAThirdNode) {
  World world;
  for (int i = 0; i < 50; ++i) world.enter();
  world.move("a", "b");
  world.move("b", "a");
  EXPECT_EQ(world.owner(), "a");
  world.move("a", "c");
  world.move("c", "b");
  EXPECT_EQ(world.owner(), "b");
  world.expect_done();
}

TEST(MoveShard, CarriesTheNumbersOfAClientOn) {
  World world;
  world.has_client = true;
  world.move("a", "b");
  const std::uint64_t at_b = world.numbers();
  EXPECT_GT(at_b, 0u);
  world.node("b").kill();
  ASSERT_TRUE(world.node("b").start());
  world.settle(500);
  world.move("b", "c");
  world.move("c", "a");
  world.move("a", "b");
  EXPECT_EQ(world.owner(), "b");
  for (int i = 0; i < 500; ++i) {
    world.offer_numbered();
    world.tick();
  }
  EXPECT_GT(world.numbers(), at_b);
  world.expect_done();
}

// After the move, nodes other than "a" reach their own queues through an outbox.
TEST(MoveShard, KeepsTheOrderOfMessagesOfItsOwnStages) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(seed);
    World world(true, seed);
    for (int i = 0; i < 250; ++i) world.enter();
    for (const char* way : {"ab", "ba", "ac", "cb", "ba"}) {
      world.move(std::string(1, way[0]), std::string(1, way[1]));
      world.settle(static_cast<std::uint32_t>(seed % 10));
    }
    EXPECT_EQ(world.owner(), "a");
    world.expect_done();
  }
}

TEST(MoveShard, FailsWhenTheTargetIsLostBeforeTheFence) {
  World world;
  for (int i = 0; i < 50; ++i) world.enter();
  world.begin_move("a", "b");
  world.node("b").kill();
  world.settle(60'000);
  ASSERT_TRUE(world.outcome().has_value());
  ASSERT_FALSE(world.outcome()->has_value());
  EXPECT_EQ(world.outcome()->error().code, ErrorCode::timeout);
  ASSERT_TRUE(world.node("b").start());
  EXPECT_EQ(world.owner(), "a");
  world.expect_done();
}

TEST(MoveShard, LeavesTheOtherStageWhereItIs) {
  World world;
  for (int i = 0; i < 20; ++i) world.enter();
  world.move("a", "b", 0, sim::passed().name());
  world.move("a", "c", 1);
  EXPECT_EQ(world.owner(0, sim::passed().name()), "b");
  EXPECT_EQ(world.owner(1, sim::passed().name()), "a");
  EXPECT_EQ(world.owner(0), "a");
  EXPECT_EQ(world.owner(1), "c");
  world.expect_done();
}

TEST(MoveShard, KeepsItsOwnerAfterARestart) {
  World world;
  for (int i = 0; i < 20; ++i) world.enter();
  world.move("a", "b");
  for (auto& node : world.nodes()) node->kill();
  for (auto& node : world.nodes()) ASSERT_TRUE(node->start());
  world.enter();
  world.settle(500);
  EXPECT_EQ(world.owner(), "b");
  world.expect_done();
}

TEST(MoveShard, IsRefusedByANodeThatDoesNotServeIt) {
  World world;
  world.begin_move("b", "c");
  world.settle(5);
  ASSERT_TRUE(world.outcome().has_value());
  ASSERT_FALSE(world.outcome()->has_value());
  EXPECT_EQ(world.outcome()->error().code, ErrorCode::not_owner);
}

// The outbox for "c" cannot be flushed, which ends a quiescence but must not end a fence.
TEST(MoveShard, StaysFencedThoughAPeerIsAway) {
  World world;
  world.move("a", "c", 1);
  world.node("c").kill();
  world.enter();
  world.settle(50);
  world.node("a").node().moves().fence(
      {.role = sim::entered().name(), .shard = 0, .queues = {sim::entered().name()}});
  world.settle(50);
  for (int i = 0; i < 20; ++i) world.enter();
  world.settle(100);
  const auto waiting = [&] {
    Store store = world.node("a").node().log().replay();
    return store.find(sim::entered().name(), 0)->state->durable.index.size();
  };
  const std::size_t before = waiting();
  EXPECT_GT(before, 0u);
  world.settle(60'000);
  EXPECT_EQ(waiting(), before);
}

// As after a move of another shard, whose queues end here.
TEST(MoveShard, GoesOnWhenAQueueOfAnotherShardEnds) {
  World world;
  TestNode& node = world.node("a").node();
  std::optional<Error> failure = Error{ErrorCode::timeout, "no answer"};
  node.moves().quiesce(
      {.role = sim::entered().name(), .shard = 0, .queues = {sim::entered().name()}},
      std::chrono::seconds(10), [&failure](const Result<QuiescedShard>& quiesced) {
        failure = quiesced ? std::nullopt : std::optional(quiesced.error());
      });
  tell(node.actors().ingress(sim::passed().name(), 1)->handle, queues::RetireMessage{});
  world.settle(200);
  EXPECT_EQ(failure ? failure->message : "", "");
}

// Later work at the new owner would overtake the messages that wait in the outbox for "c".
TEST(MoveShard, IsGivenUpWhenTheNodeStopsBeforeTheShardIsFlushed) {
  World world;
  for (std::uint32_t shard = 0; shard < shards; ++shard) {
    world.move("a", "c", shard, sim::passed().name());
  }
  world.node("c").kill();
  for (int i = 0; i < 12; ++i) world.enter();
  world.settle(100);
  TestNode& node = world.node("a").node();
  std::optional<Result<void>> outcome;
  node.moves().quiesce(
      {.role = sim::entered().name(), .shard = 0, .queues = {sim::entered().name()}},
      std::chrono::seconds(10), [&outcome](const Result<QuiescedShard>& quiesced) {
        outcome = quiesced ? Result<void>() : quiesced.error();
      });
  world.settle(100);
  ASSERT_FALSE(outcome.has_value());
  node.drain();
  world.settle(100);
  ASSERT_TRUE(outcome.has_value());
  ASSERT_FALSE(*outcome);
  EXPECT_EQ(outcome->error().code, ErrorCode::draining);
}

// A node has a queue for each shard, or an outbox, whenever the shard moves; and the queue goes where the shard
// goes.
TEST(MoveShard, GetsAQueueThatIsDefinedMeanwhile) {
  const std::string queue = "defined";
  bool has_ended = false;
  for (int ticks = 0; !has_ended; ticks += 3) {
    SCOPED_TRACE("defined " + std::to_string(ticks) + " ticks after the move began");
    World world(true);
    for (int i = 0; i < 12; ++i) world.enter();
    world.settle(30);
    world.begin_move("a", "b");
    for (int i = 0; !has_ended && i < ticks; ++i) {
      if (i % 2 == 0) world.enter();
      world.tick();
      has_ended = world.outcome().has_value();
    }
    for (auto& node : world.nodes()) {
      world.define(queue, *node);
      world.tick();
    }
    for (int i = 0; i < 10'000 && !world.outcome(); ++i) world.tick();
    ASSERT_TRUE(world.outcome());
    // Where one of the two knew the queue and the other did not, the move was refused.
    const std::string owner = world.outcome()->has_value() ? "b" : "a";
    for (auto& node : world.nodes()) {
      for (int i = 0; i < 5'000 && !node->node().actors().is_complete(queue); ++i) world.tick();
      EXPECT_TRUE(node->node().actors().is_complete(queue)) << node->name();
    }
    EXPECT_EQ(world.owner(0, queue), owner);
    EXPECT_EQ(world.owner(0, queue + ".dead"), owner);
    EXPECT_EQ(world.owner(1, queue), "a");
    world.move(owner, "c");
    EXPECT_EQ(world.owner(0, queue), "c");
    EXPECT_EQ(world.owner(), "c");
    world.expect_done();
    if (::testing::Test::HasFailure()) return;
  }
}

class MoveShardCrash : public ::testing::TestWithParam<const char*> {};

// Crashes the node one record later each time, until the move ends before the crash.
TEST_P(MoveShardCrash, AtAnyRecordLeavesOneOwner) {
  bool has_ended = false;
  int ticks = 0;
  while (!has_ended) {
    SCOPED_TRACE("crash after " + std::to_string(++ticks) + " records of the move");
    World world;
    for (int i = 0; i < 12; ++i) world.enter();
    world.settle(30);
    MovingNode& crashing = world.node(GetParam());
    world.begin_move("a", "b");
    for (int i = 0; !has_ended && i < ticks; ++i) {
      if (i % 2 == 0) world.enter();
      world.tick();
      has_ended = world.outcome().has_value();
    }
    crashing.kill();
    world.settle(20);
    ASSERT_TRUE(crashing.start());
    world.enter();
    world.expect_done();
    EXPECT_EQ(world.owner().size(), 1u) << world.owner();
    if (::testing::Test::HasFailure()) return;
  }
  EXPECT_GT(ticks, 10);
}

INSTANTIATE_TEST_SUITE_P(Nodes, MoveShardCrash, ::testing::Values("a", "b"), [](const auto& given) {
  return given.param[0] == 'a' ? "OfTheSource" : "OfTheTarget";
});

}  // namespace
}  // namespace millrace
