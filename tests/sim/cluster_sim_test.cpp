// Promise: a simulated cluster loses, duplicates and reorders nothing under faults of network,
// nodes, disks and clocks, and completes all work once the faults end; and planted faults are
// found.
//
// A failing seed is printed as MILLRACE_SIM_SEED=N. Replay one seed of one test:
//
//   ninja -C build/release cluster_sim_test
//   MILLRACE_SIM_SEED=17 ./cluster_sim_test --gtest_filter=*.NeitherLosesRepeats*
//
//   MILLRACE_SIM_SEED    the only seed to run; the same seed gives the same run
//   MILLRACE_SIM_SEEDS   number of seeds (60), from MILLRACE_SIM_FIRST (1) on
//   MILLRACE_SIM_SPAN_S  length of the long test in seconds of the cluster's clock (60)
#include "tests/sim/cluster_sim.hpp"

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string>
#include <utility>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace millrace {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return text == nullptr ? otherwise : std::stoull(text);
}

void add(ClusterSim::Counts& all, const ClusterSim::Counts& counts) {
  all.kills += counts.kills;
  all.disk_faults += counts.disk_faults;
  all.takeovers += counts.takeovers;
  all.late_offers += counts.late_offers;
  all.drains += counts.drains;
  all.moves += counts.moves;
  all.failed_moves += counts.failed_moves;
  all.steps += counts.steps;
  all.copies += counts.copies;
  all.outdated += counts.outdated;
  all.outages += counts.outages;
  all.deaths += counts.deaths;
  all.joins += counts.joins;
  all.removals += counts.removals;
}

std::ostream& operator<<(std::ostream& out, const ClusterSim::Counts& counts) {
  return out << counts.kills << " kills, " << counts.drains << " drains, " << counts.disk_faults
             << " faults of disks, " << counts.takeovers << " takeovers, " << counts.late_offers
             << " offers of fenced senders, " << counts.moves << " moves of shards and "
             << counts.failed_moves << " failed ones, " << counts.steps << " steps of clocks, "
             << counts.copies << " starts on older copies, of which " << counts.outdated
             << " were told so, " << counts.outages << " outages of all nodes, " << counts.deaths
             << " deaths in a handler, " << counts.joins << " nodes added and " << counts.removals
             << " taken out";
}

TEST(ClusterSim, NeitherLosesRepeatsNorDisorders) {
  spdlog::set_level(spdlog::level::off);  // broken links would flood the log
  const std::uint64_t replayed = from_environment("MILLRACE_SIM_SEED", 0);
  const std::uint64_t seeds = replayed != 0 ? 1 : from_environment("MILLRACE_SIM_SEEDS", 60);
  const std::uint64_t first = replayed != 0 ? replayed : from_environment("MILLRACE_SIM_FIRST", 1);
  ClusterSim::Counts all;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    ClusterSim simulation({.seed = seed, .nodes = static_cast<std::uint32_t>(2 + seed % 4)});
    const std::string wrong = simulation.run();
    EXPECT_EQ(wrong, "") << "MILLRACE_SIM_SEED=" << seed << " replays it";
    add(all, simulation.counts());
  }
  if (replayed == 0) {
    EXPECT_GT(all.moves, seeds) << "shards hardly moved";
    EXPECT_GT(all.steps, seeds) << "clocks were hardly set";
    EXPECT_GT(all.outdated, seeds / 4) << "hardly a copy was recognised";
    EXPECT_GT(all.outages, seeds / 4);
    EXPECT_GT(all.removals, seeds / 40) << "hardly a node was taken out";
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  std::cout << seeds << " seeds, " << static_cast<double>(seeds) / took.count() * 60
            << " a minute: " << all << '\n';
}

// Rarer and longer faults: nodes and links are down for minutes, and nodes recover many times.
// MILLRACE_SIM_SPAN_S: duration in seconds of the virtual clock.
TEST(ClusterSim, LastsThroughLongTroubleOfFiveNodes) {
  spdlog::set_level(spdlog::level::off);
  const std::uint64_t seed = from_environment("MILLRACE_SIM_SEED", 22);
  const auto span_s = static_cast<std::uint32_t>(from_environment("MILLRACE_SIM_SPAN_S", 60));
  ClusterSim simulation({.seed = seed,
                         .nodes = 5,
                         .numbers = span_s + span_s / 10,  // about as many as enter
                         .trouble_ms = span_s * 1'000,
                         .trouble_interval_ms = 60,
                         .down_max_ms = 5'000,
                         .mend_interval_ms = 10'000,
                         .audit_interval_ms = 15'000});
  EXPECT_EQ(simulation.run(), "") << "MILLRACE_SIM_SEED=" << seed << " replays it";
  EXPECT_GT(simulation.counts().kills, 0u);
  EXPECT_GT(simulation.counts().moves, 0u);
  std::cout << span_s << " s: " << simulation.counts() << '\n';
}

TEST(ClusterSim, ASeedGivesTheSameRun) {
  spdlog::set_level(spdlog::level::off);
  for (const std::uint64_t seed : {2u, 3u, 4u, 5u, 13u}) {
    ClusterSim one({.seed = seed});
    ClusterSim other({.seed = seed});
    EXPECT_EQ(one.run(), other.run());
    EXPECT_EQ(one.digest(), other.digest()) << "seed " << seed;
  }
}

constexpr std::uint64_t sabotage_seeds = 60;

struct Planted {
  Sabotage sabotage = Sabotage::none;
  const char* name = "";
  std::uint64_t first_seed = 1;  ///< later where the first seeds find nothing, to save time
};

class SabotagedCluster : public ::testing::TestWithParam<Planted> {};

TEST_P(SabotagedCluster, IsFoundWithinSixtySeeds) {
  spdlog::set_level(spdlog::level::off);
  const std::uint64_t first = from_environment("MILLRACE_SIM_FIRST", GetParam().first_seed);
  const std::uint64_t seeds = from_environment("MILLRACE_SIM_SEEDS", sabotage_seeds);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const std::string wrong = ClusterSim({.seed = seed, .sabotage = GetParam().sabotage}).run();
    if (wrong.empty()) continue;
    std::cout << "seed " << seed << ": " << wrong << '\n';
    return;
  }
  FAIL() << "no seed found anything wrong";
}

constexpr Planted sabotages[] = {
    {Sabotage::dedup, "Dedup"},
    {Sabotage::outbox_order, "OutboxOrder"},
    {Sabotage::send_before_durable, "SendBeforeDurable"},
    {Sabotage::fencing, "Fencing"},
    {Sabotage::shard_fence, "ShardFence", 61},
    {Sabotage::syncs, "Syncs"},
    {Sabotage::wall_time, "WallTime"},
    {Sabotage::steady_time, "SteadyTime", 31},
    {Sabotage::copies, "Copies"},
    {Sabotage::generations, "Generations"},
    {Sabotage::suspicion, "Suspicion"},
    {Sabotage::founding, "Founding"},
    {Sabotage::state_store, "StateStore"},
    {Sabotage::removal, "Removal"},
};

INSTANTIATE_TEST_SUITE_P(ClusterSim, SabotagedCluster, ::testing::ValuesIn(sabotages),
                         [](const auto& given) { return given.param.name; });

}  // namespace
}  // namespace millrace
