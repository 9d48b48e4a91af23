// Promise: who owns a shard is a durable record, never a conclusion from a file. A node that is added,
// taken out or replaced by an empty one never makes a second owner, and never begins a shard anew by
// itself; a changed configuration moves nothing and refuses no start. Checked with the real actors of
// three nodes on a simulated network.
#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include "cluster/testing/moving_node.hpp"
#include "tests/sim/cluster_audit.hpp"
#include "tests/sim/workload.hpp"

namespace millrace {
namespace {

using moves::Wait;
using Names = std::vector<std::string>;

constexpr std::uint32_t shards = 2;
constexpr std::uint32_t rest_ticks = 60'000;  // milliseconds

/// Homes of the two shards.
const Names at_a_and_b{"a", "b"};
const Names at_c_and_b{"c", "b"};

class Ownership : public ::testing::Test {
 protected:
  Ownership() {
    spdlog::set_level(spdlog::level::off);  // broken links would flood the log
    watch_->is_failing = false;
  }
  ~Ownership() override {
    for (auto& [name, node] : nodes_) {
      if (node->is_up()) node->kill();
    }
  }

  std::vector<moves::QueueGroup> groups(const Names& nodes, const Names& homes) {
    return one_group(sim::workload(watch_), shards, nodes,
                     [&](std::uint32_t shard) { return homes[shard]; });
  }

  static Names without(Names names, const std::string& name) {
    std::erase(names, name);
    return names;
  }

  /// Starts the node with an empty data directory, replacing what it had.
  void start_empty(const std::string& name, const Names& nodes, const Names& homes) {
    nodes_.erase(name);
    MovingNodeOptions options;
    options.node.name = name;
    options.node.shards = shards;
    options.node.first_generation = 1'000 * ++directories_;
    options.pipelines = sim::workload(watch_);
    options.groups = groups(nodes, homes);
    options.others = without(nodes, name);
    options.is_founded = false;
    options.first_incarnation = 1'000 * directories_;
    nodes_[name] = std::make_unique<MovingNode>(system_, network_, std::move(options));
    ASSERT_TRUE(nodes_[name]->start());
  }

  void restart(const std::string& name, const Names& nodes, const Names& homes,
               bool accepts_loss = false) {
    if (nodes_.at(name)->is_up()) nodes_.at(name)->kill();
    nodes_.at(name)->configure(groups(nodes, homes), without(nodes, name), accepts_loss);
    ASSERT_TRUE(nodes_.at(name)->start());
  }

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

  /// Offers `count` numbers at the node.
  void enter(const std::string& name, int count) {
    for (int i = 0; i < count; ++i) {
      all_.push_back(sim::numbers_per_node * (1 + name[0] - 'a') + entered_[name]++);
      nodes_.at(name)->node().send(sim::entered().name(), std::string(sim::Number().GetTypeName()),
                                   sim::envelope_of(all_.back()));
    }
  }

  /// The nodes that serve the shard.
  Names owners(std::uint32_t shard) {
    Names names;
    for (auto& [name, node] : nodes_) {
      if (!node->is_up()) continue;
      const std::string& queue = sim::entered().name();
      if (node->table().serves(queue, shard) && !node->table().is_fenced(queue, shard)) {
        names.push_back(name);
      }
    }
    return names;
  }

  /// What the node waits for.
  std::vector<Wait> waits(const std::string& name) {
    std::vector<Wait> all;
    for (const moves::WaitingShards& one : nodes_.at(name)->table().waiting()) {
      all.push_back(one.wait);
    }
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

  MovingNode& node(const std::string& name) { return *nodes_.at(name); }

  DeterministicActorSystem system_{1};
  transport::SimulatedNetwork network_{1};
  std::shared_ptr<sim::Watch> watch_ = std::make_shared<sim::Watch>();
  std::map<std::string, std::unique_ptr<MovingNode>> nodes_;
  std::map<std::string, std::int64_t> entered_;
  std::vector<std::int64_t> all_;
  std::uint64_t directories_ = 0;
};

TEST_F(Ownership, TheFirstStartNeedsAllNodesAndALaterOneNone) {
  start_empty("a", {"a", "b"}, at_a_and_b);
  enter("a", 20);
  settle();
  EXPECT_EQ(owners(0), Names{});
  EXPECT_EQ(waits("a"), (std::vector<Wait>{{Wait::Reason::peers, "b"}}));
  start_empty("b", {"a", "b"}, at_a_and_b);
  settle(1'000);
  EXPECT_EQ(owners(0), Names{"a"});
  EXPECT_EQ(owners(1), Names{"b"});
  EXPECT_EQ(waits("a"), std::vector<Wait>{});
  enter("b", 20);
  expect_done();
  node("b").kill();
  restart("a", {"a", "b"}, at_a_and_b);
  settle(20);
  EXPECT_EQ(owners(0), Names{"a"});
}

TEST_F(Ownership, AnAddedNodeServesNoShardThatAnotherOwns) {
  for (const char* name : {"a", "b"}) start_empty(name, {"a", "b"}, at_a_and_b);
  settle(200);
  enter("a", 20);
  settle();
  // The new file makes c the home of shard 0. The others have the old file still.
  start_empty("c", {"a", "b", "c"}, at_c_and_b);
  enter("c", 20);
  settle();
  EXPECT_EQ(owners(0), Names{"a"});
  EXPECT_EQ(waits("c"), (std::vector<Wait>{{Wait::Reason::peers, "a, b"}}));

  restart("a", {"a", "b", "c"}, at_c_and_b);
  settle();
  EXPECT_EQ(owners(0), Names{"a"}) << "a record wins over the configuration";
  restart("b", {"a", "b", "c"}, at_c_and_b);
  settle();
  EXPECT_EQ(owners(0), Names{"a"});
  EXPECT_EQ(owners(1), Names{"b"});
  for (const char* name : {"a", "b", "c"}) EXPECT_EQ(waits(name), std::vector<Wait>{}) << name;
  expect_done();

  std::optional<Result<void>> moved;
  node("a").federation().move("", 0, "c", [&](const Result<void>& done) { moved = done; });
  for (const char* name : {"a", "b", "c"}) enter(name, 20);
  for (int i = 0; i < 20'000 && !moved; ++i) tick();
  ASSERT_TRUE(moved && *moved);
  settle(100);
  EXPECT_EQ(owners(0), Names{"c"});
  expect_done();
}

TEST_F(Ownership, AnAddedNodeServesNothingWhileTheOthersAreDown) {
  for (const char* name : {"a", "b"}) start_empty(name, {"a", "b"}, at_a_and_b);
  settle(200);
  node("a").kill();
  node("b").kill();
  start_empty("c", {"a", "b", "c"}, at_c_and_b);
  settle();
  EXPECT_EQ(owners(0), Names{});
}

TEST_F(Ownership, NobodyTakesTheShardsOfARemovedNode) {
  for (const char* name : {"a", "b", "c"}) start_empty(name, {"a", "b", "c"}, at_c_and_b);
  settle(200);
  ASSERT_EQ(owners(0), Names{"c"});
  enter("a", 20);
  expect_done();
  node("c").kill();
  restart("a", {"a", "b"}, at_a_and_b);
  restart("b", {"a", "b"}, at_a_and_b);
  settle();
  EXPECT_EQ(owners(0), Names{});
  EXPECT_EQ(waits("a"), (std::vector<Wait>{{Wait::Reason::removed, "c"}}));
  EXPECT_NE(
      node("a").table().waiting().front().text().find("`millrace cluster remove c --accept-loss`"),
      std::string::npos);
  enter("b", 5);  // wait in the outbox
  settle();
  node("a").federation().give_up("c");
  settle();
  EXPECT_EQ(owners(0), Names{"a"});
  EXPECT_EQ(waits("a"), std::vector<Wait>{});
}

TEST_F(Ownership, AReplacedNodeBeginsNothingAnewByItself) {
  for (const char* name : {"a", "b", "c"}) start_empty(name, {"a", "b", "c"}, at_c_and_b);
  settle(200);
  ASSERT_EQ(owners(0), Names{"c"});
  node("c").kill();
  start_empty("c", {"a", "b", "c"}, at_c_and_b);
  settle();
  EXPECT_EQ(owners(0), Names{});
  ASSERT_EQ(waits("c").size(), 1u);
  EXPECT_EQ(waits("c").front().reason, Wait::Reason::lost);
  restart("c", {"a", "b", "c"}, at_c_and_b, true);
  settle();
  EXPECT_EQ(owners(0), Names{"c"});
  enter("a", 20);
  expect_done();
}

// A version without records served what the configuration said.
TEST_F(Ownership, ADirectoryWithoutRecordsKeepsWhatItServed) {
  for (const char* name : {"a", "b"}) start_empty(name, {"a", "b"}, at_a_and_b);
  settle(200);
  enter("a", 20);
  expect_done();
  const ShardRecords none;
  for (const char* name : {"a", "b"}) {
    const Store store = node(name).node().log().replay();
    moves::ShardTable table(name, moves::make_layout(groups({"a", "b"}, at_a_and_b), {"a", "b"}));
    const auto fresh = table.recovered(none, store.declarations());
    ASSERT_EQ(fresh.size(), shards);
    const std::string other = name == std::string("a") ? "b" : "a";
    for (const pb::ShardRecord& record : fresh) {
      const bool is_own = at_a_and_b[record.shard()] == name;
      EXPECT_EQ(record.ownership().owner(), is_own ? name : "");
      EXPECT_EQ(record.ownership().epoch(), 1u) << "another node owns it, which one is not known";
      EXPECT_EQ(table.owner(sim::entered().name(), record.shard()), is_own ? name : other);
    }
  }
}

TEST_F(Ownership, DifferentLayoutsFoundNothingAndStopNothing) {
  start_empty("a", {"a", "b"}, at_a_and_b);
  start_empty("b", {"a", "b"}, {"b", "a"});
  settle();
  EXPECT_EQ(owners(0), Names{});
  EXPECT_EQ(waits("a"), (std::vector<Wait>{{Wait::Reason::layouts, "b"}}));
  restart("b", {"a", "b"}, at_a_and_b);
  settle(200);
  EXPECT_EQ(owners(0), Names{"a"});
  restart("b", {"a", "b"}, {"b", "a"});
  settle();
  EXPECT_EQ(owners(0), Names{"a"});
  EXPECT_EQ(owners(1), Names{"b"});
  EXPECT_EQ(waits("a"), std::vector<Wait>{});
  enter("a", 20);
  expect_done();
}

}  // namespace
}  // namespace millrace
