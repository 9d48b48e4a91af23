// Promise: a node whose data directory is a copy accepts, confirms, handles and forwards nothing before
// every other node has said what it remembers. If one remembers more, it ends, and nothing was
// confirmed that putting the newest directory back would lose; else it serves. A directory in place
// needs nobody. Checked with the real actors of three nodes on a simulated network.
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "cluster/testing/moving_node.hpp"
#include "messages/hash.hpp"
#include "tests/sim/cluster_audit.hpp"
#include "tests/sim/workload.hpp"

namespace millrace {
namespace {

using moves::Wait;
using Names = std::vector<std::string>;
using Log = std::vector<std::string>;

constexpr std::uint32_t rest_ticks = 60'000;  // milliseconds

/// Number of the shard of the i-th key of the workload.
std::uint32_t shard_of_key(std::uint32_t key, std::uint32_t shards) {
  return shard_of(sim::envelope_of(key).key(), shards);
}

/// So many that the first three keys have shards of their own.
std::uint32_t number_of_shards() {
  std::uint32_t shards = 3;
  const auto at = [&shards](std::uint32_t key) {
    return shard_of_key(key, shards);
  };
  while (at(0) == at(1) || at(0) == at(2) || at(1) == at(2)) ++shards;
  return shards;
}

const std::uint32_t shards = number_of_shards();

/// a, b and c are the homes of the shards of the keys 0, 1 and 2.
class CopiedDirectory : public ::testing::Test {
 protected:
  CopiedDirectory() {
    spdlog::set_level(spdlog::level::off);  // broken links would flood the log
    watch_->is_failing = false;
    for (const std::string& name : names_) add(name);
    for (const std::string& name : names_) EXPECT_TRUE(node(name).start());
    settle(200);
  }
  ~CopiedDirectory() override {
    for (auto& [name, node] : nodes_) {
      if (node->is_up()) node->kill();
    }
  }

  void add(const std::string& name) {
    MovingNodeOptions options;
    options.node.name = name;
    options.node.shards = shards;
    options.node.first_generation = 1'000 * (nodes_.size() + 1);
    options.node.on_outdated = [this, name](const Error& error) {
      outdated_[name] = error.message;
    };
    options.pipelines = sim::workload(watch_);
    options.groups = groups(names_);
    options.others = without(names_, name);
    nodes_[name] = std::make_unique<MovingNode>(system_, network_, std::move(options));
  }

  std::vector<moves::QueueGroup> groups(const Names& nodes) {
    return one_group(sim::workload(watch_), shards, nodes, [this](std::uint32_t shard) {
      for (std::uint32_t key = 0; key < 3; ++key) {
        if (shard == shard_of_key(key, shards)) return names_[key];
      }
      return names_[0];
    });
  }
  static Names without(Names names, const std::string& name) {
    std::erase(names, name);
    return names;
  }
  MovingNode& node(const std::string& name) { return *nodes_.at(name); }

  /// Starts the node, which is down, on a copy.
  void start_on(const std::string& name, Log copy, bool accepts_loss = false) {
    outdated_.erase(name);
    node(name).node().log().put_back(std::move(copy));
    node(name).set_copy();
    node(name).configure(groups(names_), without(names_, name), accepts_loss);
    ASSERT_TRUE(node(name).start());
  }
  Log log(const std::string& name) { return node(name).node().log().records(); }

  void settle(std::uint32_t ticks = 3'000) {
    for (std::uint32_t i = 0; i < ticks; ++i) tick();
  }
  void tick() {
    for (auto& [name, node] : nodes_) {
      node->node().log().commit(1);
      node->node().connect();
    }
    bool has_work = true;
    while (has_work) {
      has_work = system_.step();
      for (auto& [name, node] : nodes_) has_work = node->node().poll_clients() || has_work;
    }
    system_.advance(std::chrono::milliseconds(1));
    network_.run_for(1'000);
  }

  /// Offers `count` numbers at the node; with a key, only such as have it.
  void enter(const std::string& name, int count, std::optional<std::uint32_t> key = {}) {
    while (count > 0) {
      const std::int64_t number = sim::numbers_per_node * (1 + name[0] - 'a') + entered_[name]++;
      pb::Envelope envelope = sim::envelope_of(number);
      if (key && envelope.key() != sim::envelope_of(*key).key()) continue;
      all_.push_back(number);
      node(name).node().send(sim::entered().name(), std::string(sim::Number().GetTypeName()),
                             std::move(envelope));
      --count;
    }
  }
  std::size_t confirmed(const std::string& name) {
    return node(name).node().confirmed(sim::entered().name()).size();
  }
  std::vector<Wait> waits(const std::string& name) {
    std::vector<Wait> all;
    for (const auto& one : node(name).table().waiting()) all.push_back(one.wait);
    return all;
  }

  std::string audit(std::uint64_t& queued) {
    std::vector<Store> stores;
    for (const auto& [name, node] : nodes_) stores.push_back(node->node().log().replay());
    const sim::ClusterAudit found{stores, [](const std::string&) {
                                    return std::string();
                                  }};
    queued = found.queued();
    return found.is_complete(all_);
  }
  /// Expects each offered number handled once and in order, and all queues empty.
  void expect_done() {
    std::uint64_t queued = 1;
    std::string left = "not audited";
    for (std::uint32_t i = 0; i < rest_ticks && !(left.empty() && queued == 0); ++i) {
      tick();
      if (i % 500 == 499) left = audit(queued);
    }
    EXPECT_EQ(left, "");
    EXPECT_EQ(queued, 0u);
    EXPECT_EQ(watch_->violation, "");
  }

  const Names names_{"a", "b", "c"};
  DeterministicActorSystem system_{1};
  transport::SimulatedNetwork network_{1};
  std::shared_ptr<sim::Watch> watch_ = std::make_shared<sim::Watch>();
  std::map<std::string, std::unique_ptr<MovingNode>> nodes_;
  std::map<std::string, std::int64_t> entered_;
  std::vector<std::int64_t> all_;
  std::map<std::string, std::string> outdated_;  ///< what a node said before it would have ended
};

TEST_F(CopiedDirectory, ThatIsOlderConfirmsNothingAndTheNewestOneGoesOn) {
  enter("a", 5);
  settle();
  const Log copy = log("a");
  enter("a", 5, 2);  // c remembers them
  settle();
  const Log newest = log("a");
  const std::size_t before = confirmed("a");
  node("a").kill();
  node("c").kill();
  start_on("a", copy);
  enter("a", 5);
  settle();
  EXPECT_FALSE(node("a").is_serving());
  EXPECT_EQ(waits("a"), (std::vector<Wait>{{Wait::Reason::copy, "c"}})) << "b has spoken";
  EXPECT_NE(node("a").table().waiting().front().text().find("--accept-loss"), std::string::npos);
  EXPECT_EQ(confirmed("a"), before);
  node("a").kill();
  start_on("a", copy);
  ASSERT_TRUE(node("c").start());
  settle();
  EXPECT_NE(outdated_["a"], "");
  EXPECT_EQ(confirmed("a"), before);
  EXPECT_FALSE(node("a").is_serving());
  node("a").kill();
  // Nothing that ran on the copy stands in the way of the newest directory.
  start_on("a", newest);
  expect_done();
  EXPECT_EQ(outdated_["a"], "");
}

TEST_F(CopiedDirectory, ThatLacksWhatOthersHandedToItIsOutdated) {
  const Log copy = log("a");
  enter("c", 5, 0);
  settle();
  node("a").kill();
  start_on("a", copy);
  settle();
  EXPECT_NE(outdated_["a"].find("which has a reply for"), std::string::npos) << outdated_["a"];
  EXPECT_FALSE(node("a").is_serving());
}

// The lease of an outbox ends when all of it is settled, so it may still be open.
TEST_F(CopiedDirectory, ThatLacksAPartOfWhatOthersHandedToItIsOutdated) {
  const Log copy = log("a");
  enter("c", 5, 0);
  for (int i = 0; i < 1'000 && log("a").size() < copy.size() + 2; ++i) tick();
  enter("c", 40, 0);
  for (int i = 0; i < 4; ++i) tick();
  node("a").kill();
  enter("c", 5, 0);
  settle(200);
  start_on("a", copy);
  settle();
  EXPECT_NE(outdated_["a"], "");
}

TEST_F(CopiedDirectory, FromBeforeItsShardMovedAwayIsOutdated) {
  const Log copy = log("a");
  std::optional<Result<void>> moved;
  node("a").federation().move("", shard_of_key(0, shards), "b",
                              [&](const Result<void>& done) { moved = done; });
  for (int i = 0; i < 20'000 && !moved; ++i) tick();
  ASSERT_TRUE(moved && *moved);
  settle();
  node("a").kill();
  start_on("a", copy);
  settle();
  EXPECT_NE(outdated_["a"].find("never gave it away"), std::string::npos) << outdated_["a"];
}

TEST_F(CopiedDirectory, FromBeforeAShardMovedInIsOutdated) {
  const Log copy = log("a");
  std::optional<Result<void>> moved;
  node("b").federation().move("", shard_of_key(1, shards), "a",
                              [&](const Result<void>& done) { moved = done; });
  for (int i = 0; i < 20'000 && !moved; ++i) tick();
  ASSERT_TRUE(moved && *moved);
  settle();
  node("a").kill();
  start_on("a", copy);
  settle();
  EXPECT_NE(outdated_["a"].find("of which its data directory knows nothing"), std::string::npos)
      << outdated_["a"];
}

TEST_F(CopiedDirectory, ThatIsCurrentServesWhenAllHaveSpoken) {
  for (const std::string& name : names_) enter(name, 20);
  settle(100);  // in the midst of it
  for (const std::string& name : names_) node(name).kill();
  // All nodes at once: a whole cluster that was moved to other machines.
  for (const std::string& name : names_) start_on(name, log(name));
  expect_done();
  for (const std::string& name : names_) {
    EXPECT_TRUE(node(name).is_serving());
    EXPECT_EQ(outdated_[name], "");
  }
}

TEST_F(CopiedDirectory, ServesAtOnceIfTheLossIsAccepted) {
  const Log copy = log("a");
  enter("a", 5, 2);
  settle();
  node("a").kill();
  node("c").kill();
  start_on("a", copy, true);
  EXPECT_TRUE(node("a").is_serving());
}

TEST_F(CopiedDirectory, ServesWhenTheNodeThatIsMissingIsTakenOut) {
  node("a").kill();
  node("c").kill();
  start_on("a", log("a"));
  settle();
  EXPECT_FALSE(node("a").is_serving());
  node("a").federation().set_layout(moves::make_layout(groups({"a", "b"}), {"a", "b"}));
  settle(20);
  EXPECT_TRUE(node("a").is_serving());
  EXPECT_EQ(waits("a"), std::vector<Wait>{});
}

TEST_F(CopiedDirectory, InPlaceNeedsNobody) {
  for (const std::string& name : names_) node(name).kill();
  ASSERT_TRUE(node("a").start());
  EXPECT_TRUE(node("a").is_serving());
  enter("a", 5, 0);
  settle(200);
  EXPECT_EQ(confirmed("a"), 5u);
}

}  // namespace
}  // namespace millrace
