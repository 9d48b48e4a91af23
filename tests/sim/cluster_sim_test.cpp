// Promise: a cluster neither loses, repeats nor disorders, whatever its network and its nodes do,
// and comes to rest when they are well again. And what proves it finds a fault that is planted.
#include "tests/sim/cluster_sim.hpp"

#include <cstdlib>
#include <iostream>
#include <string>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace millrace {
namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return text == nullptr ? otherwise : std::stoull(text);
}

// MILLRACE_SIM_SEED replays one seed; MILLRACE_SIM_SEEDS runs so many.
TEST(ClusterSim, NeitherLosesRepeatsNorDisorders) {
  spdlog::set_level(spdlog::level::off);  // links break all the time here
  const std::uint64_t seeds = from_environment("MILLRACE_SIM_SEEDS", 40);
  const std::uint64_t first = from_environment("MILLRACE_SIM_SEED", 0);
  for (std::uint64_t seed = first != 0 ? first : 1; seed <= (first != 0 ? first : seeds); ++seed) {
    const auto nodes = static_cast<std::uint32_t>(2 + seed % 4);
    const std::string wrong = ClusterSim({.seed = seed, .nodes = nodes}).run();
    ASSERT_EQ(wrong, "") << "MILLRACE_SIM_SEED=" << seed << " replays it";
  }
}

constexpr std::uint64_t sabotage_seeds = 20;

class SabotagedCluster : public ::testing::TestWithParam<Sabotage> {};

TEST_P(SabotagedCluster, IsFoundWithinTwentySeeds) {
  for (std::uint64_t seed = 1; seed <= sabotage_seeds; ++seed) {
    const std::string wrong = ClusterSim({.seed = seed, .sabotage = GetParam()}).run();
    if (wrong.empty()) continue;
    std::cout << "seed " << seed << ": " << wrong << '\n';
    return;
  }
  FAIL() << "no seed found anything wrong";
}

INSTANTIATE_TEST_SUITE_P(ClusterSim, SabotagedCluster,
                         ::testing::Values(Sabotage::dedup, Sabotage::outbox_order,
                                           Sabotage::send_before_durable),
                         [](const auto& given) {
                           switch (given.param) {
                             case Sabotage::dedup:
                               return "Dedup";
                             case Sabotage::outbox_order:
                               return "OutboxOrder";
                             default:
                               return "SendBeforeDurable";
                           }
                         });

}  // namespace
}  // namespace millrace
