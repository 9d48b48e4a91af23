// Promises: a configuration without nodes gets those of the table of seats, one with nodes gets only the
// addresses that it lacks; processes of one configuration never share a directory.
#include "cluster/node/seat_config.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "cluster/config/seats.hpp"
#include "cluster/node/node_setup.hpp"
#include "cluster/node/own_directory.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::cluster {
namespace {

using config::Config;
using postgres_log::Seat;

Config any_node() {
  Config config;
  config.node.name = std::string(config::any_seat);
  config.listen = {.cluster = "127.0.0.1:0", .http = "127.0.0.2:0", .advertise = {}};
  config.log.engine = config::LogEngine::postgres;
  config.cluster.name = "test";
  config.cluster.shards = 4;
  config.membership.heartbeat = std::chrono::seconds(1);
  config.membership.acceptable_pause = std::chrono::seconds(3);
  return config;
}

const std::vector<Seat> seats{
    {.name = "a", .epoch = 7, .address = "10.0.0.1:7400", .http = "10.0.0.1:8400"},
    {.name = "b", .epoch = 9, .address = "no address", .http = "10.0.0.2:0"}};

TEST(SeatConfig, TakesTheNodesFromTheTable) {
  const Config config = with_seats(any_node(), seats);
  ASSERT_EQ(config.cluster.nodes.size(), 2u);
  EXPECT_EQ(config.cluster.nodes[0].address, "10.0.0.1:7400");
  EXPECT_EQ(config.cluster.nodes[0].http, "10.0.0.1:8400");
  EXPECT_EQ(config.cluster.nodes[0].weight, config.cluster.nodes[1].weight);
  EXPECT_EQ(config.cluster.nodes[1].address, "") << "what is no address is unknown";
  EXPECT_EQ(config.cluster.nodes[1].http, "");
}

TEST(SeatConfig, AConfiguredAddressWins) {
  Config config = any_node();
  config.cluster.nodes = {{.name = "a", .address = "proxy:1", .http = {}, .weight = 3, .roles = {}},
                          {.name = "c"}};
  config = with_seats(config, seats);
  ASSERT_EQ(config.cluster.nodes.size(), 2u);
  EXPECT_EQ(config.cluster.nodes[0].address, "proxy:1");
  EXPECT_EQ(config.cluster.nodes[0].http, "10.0.0.1:8400");
  EXPECT_EQ(config.cluster.nodes[0].weight, 3u);
  EXPECT_EQ(config.cluster.nodes[1].address, "");
}

TEST(SeatConfig, PeersOfAnEarlierEpochGetNoLink) {
  Config config = with_seats(any_node(), seats);
  config.node.name = "c";
  const auto options = transport_options(config, 1, incarnations_of(seats));
  ASSERT_TRUE(options);
  ASSERT_EQ(options->peers.size(), 2u);
  EXPECT_EQ(options->peers[0].incarnation, 7u);
  EXPECT_EQ(options->peers[0].address.port, 7400);
  EXPECT_EQ(options->peers[1].incarnation, 9u);
  EXPECT_TRUE(options->peers[1].address.host.empty());
  EXPECT_TRUE(check_options(*options)) << "a peer may be unknown where it is";
}

TEST(Advertised, AreTheHostsListenedOnUnlessToldOtherwise) {
  Config config = any_node();
  EXPECT_EQ(advertised(config, 7, 8).cluster, "127.0.0.1:7");
  EXPECT_EQ(advertised(config, 7, 8).http, "127.0.0.2:8");
  config.listen.advertise = "pod-3.example:0";
  EXPECT_EQ(advertised(config, 7, 8).cluster, "pod-3.example:7");
  EXPECT_EQ(advertised(config, 7, 8).http, "pod-3.example:8");
  config.listen.advertise = "[fd00::1]:70";
  EXPECT_EQ(advertised(config, 7, 8).cluster, "[fd00::1]:70");
}

TEST(MayTake, NodesOfItsRolesOrOfItsName) {
  Config config = any_node();
  const config::MemberConfig worker{.name = "a", .roles = {"worker", "fast"}};
  const config::MemberConfig other{.name = "b"};
  EXPECT_TRUE(may_take(config, worker));
  config.node.roles = {"fast", "worker"};
  EXPECT_TRUE(may_take(config, worker));
  EXPECT_FALSE(may_take(config, other));
  config.node.name = "b";
  EXPECT_TRUE(may_take(config, other));
  EXPECT_FALSE(may_take(config, worker));
}

TEST(OwnDirectory, IsOfOneProcess) {
  const journal::TemporaryDirectory base;
  auto first = OwnDirectory::take(base.path(), "a");
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->path(), base.path() / "a");
  const auto second = OwnDirectory::take(base.path(), "a");
  ASSERT_TRUE(second);
  EXPECT_EQ((*second)->path(), base.path() / "a.2");
  first->reset();
  const auto third = OwnDirectory::take(base.path(), "a");
  ASSERT_TRUE(third);
  EXPECT_EQ((*third)->path(), base.path() / "a") << "the first one has given it up";
  std::filesystem::create_directories(base.path() / "b");
  EXPECT_TRUE(OwnDirectory::take(base.path() / "b", "c"));
}

}  // namespace
}  // namespace millrace::cluster
