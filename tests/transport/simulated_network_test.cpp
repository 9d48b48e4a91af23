// Promise: on each link the received frames are a prefix of the sent frames, in order, and links
// come back once the faults end. Checked on a simulated network that loses, duplicates and delays
// frames, cuts directions and restarts nodes. A failure prints its seed.
#include "cluster/transport/sim/simulated_network.hpp"

#include <map>
#include <sstream>

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

namespace millrace::transport {
namespace {

constexpr FrameKind kind{1};
constexpr DurationUs second = 1'000'000;

/// Sends frames numbered from 1 on each link that is up, and checks the numbers that it receives.
class Talker : public TransportListener {
 public:
  Talker(SimulatedNetwork& network, std::string name) : network_(network), name_(std::move(name)) {}

  void use(Transport& transport) { transport_ = &transport; }
  void on_up(const std::string& peer, std::uint64_t incarnation) override {
    note(peer, "up " + std::to_string(incarnation));
    auto& link = links_[peer];
    EXPECT_FALSE(link.is_up);
    EXPECT_GE(incarnation, link.incarnation);
    link = {.is_up = true, .incarnation = incarnation};
    ++ups;
  }
  void on_frame(const std::string& peer, Frame frame, Credit) override {
    auto& link = links_[peer];
    EXPECT_TRUE(link.is_up);
    EXPECT_EQ(frame.bytes, std::to_string(++link.received)) << name_ << " from " << peer;
    note(peer, "got " + frame.bytes);
    ++received;
  }
  void on_writable(const std::string& peer) override {
    EXPECT_TRUE(links_[peer].is_up);
    ++writable;
  }
  void on_down(const std::string& peer, const Error& reason) override {
    note(peer, "down " + std::string(to_string(reason.code)));
    EXPECT_TRUE(links_[peer].is_up);
    links_[peer].is_up = false;
    ++downs;
  }
  /// Sends up to `count` frames to each peer, until the window is full.
  void talk(int count) {
    for (auto& [peer, link] : links_) {
      for (int i = 0; i < count && link.is_up; ++i) {
        if (!transport_->send(peer, {kind, std::to_string(link.sent + 1)})) break;
        ++link.sent;
      }
    }
  }
  [[nodiscard]] bool is_up(const std::string& peer) { return links_[peer].is_up; }

  std::uint64_t received = 0;
  int ups = 0;
  int downs = 0;
  int writable = 0;
  std::ostringstream log;

 private:
  struct Link {
    bool is_up = false;
    std::uint64_t incarnation = 0;
    std::uint64_t sent = 0;
    std::uint64_t received = 0;
  };
  void note(const std::string& peer, const std::string& what) {
    log << network_.now_us() << ' ' << name_ << " - " << peer << ' ' << what << '\n';
  }

  SimulatedNetwork& network_;
  std::string name_;
  Transport* transport_ = nullptr;
  std::map<std::string, Link> links_;
};

class Cluster {
 public:
  Cluster(std::uint64_t seed, std::vector<std::string> names)
      : network(seed), names_(std::move(names)) {
    spdlog::set_level(spdlog::level::off);
    for (const auto& name : names_) start(name);
  }
  ~Cluster() {
    for (const auto& name : names_) network.kill(name);
  }
  void start(const std::string& name) {
    TransportOptions options;
    options.own = {"test", name, ++incarnation_, 1};
    for (const auto& other : names_) {
      if (other != name) options.peers.push_back({other, {"simulated", 1}});
    }
    options.window_bytes = 4096;
    auto& talker = talkers.try_emplace(name, std::make_unique<Talker>(network, name)).first->second;
    talker = std::make_unique<Talker>(network, name);
    auto& transport = network.add(options);
    talker->use(transport);
    transports[name] = &transport;
    EXPECT_TRUE(transport.start(*talker));
  }
  /// Gives all running nodes these nodes as their peers.
  void configure(const std::vector<std::string>& names) {
    for (const auto& name : names_) {
      std::vector<Peer> peers;
      for (const auto& other : names) {
        if (other != name) peers.push_back({other, {"simulated", 1}});
      }
      EXPECT_TRUE(network.set_peers(name, std::move(peers))) << name;
    }
  }
  /// Starts a node that those before do not have among their peers.
  void add(const std::string& name) {
    names_.push_back(name);
    start(name);
  }
  Talker& operator[](const std::string& name) { return *talkers.at(name); }
  [[nodiscard]] bool all_up() {
    for (const auto& one : names_) {
      for (const auto& other : names_) {
        if (one != other && !talkers.at(one)->is_up(other)) return false;
      }
    }
    return true;
  }
  void talk(int rounds, int count, DurationUs pause_us) {
    for (int i = 0; i < rounds; ++i) {
      for (auto& [name, talker] : talkers) talker->talk(count);
      network.run_for(pause_us);
    }
  }

  SimulatedNetwork network;
  std::map<std::string, std::unique_ptr<Talker>> talkers;
  std::map<std::string, Transport*> transports;

 private:
  std::vector<std::string> names_;
  std::uint64_t incarnation_ = 0;
};

TEST(SimulatedNetwork, LinksEveryPairAndCarriesEverything) {
  Cluster cluster(1, {"a", "b", "c"});
  cluster.network.run_for(second);
  ASSERT_TRUE(cluster.all_up());
  cluster.talk(100, 5, 10'000);
  cluster.network.run_for(second);
  for (const auto& [name, talker] : cluster.talkers) {
    EXPECT_EQ(talker->received, 1000u) << name;
    EXPECT_EQ(talker->downs, 0);
  }
}

TEST(SimulatedNetwork, TheSameSeedMakesTheSameRun) {
  const auto run = [](std::uint64_t seed) {
    Cluster cluster(seed, {"a", "b"});
    cluster.network.set_faults({.drop = 0.01, .repeat = 0.1});
    cluster.talk(200, 3, 20'000);
    return cluster["a"].log.str() + cluster["b"].log.str();
  };
  EXPECT_EQ(run(7), run(7));
  EXPECT_NE(run(7), run(8));
}

TEST(SimulatedNetwork, RepeatedFramesAreDeliveredOnce) {
  Cluster cluster(2, {"a", "b"});
  cluster.network.set_faults({.repeat = 0.5});
  cluster.talk(100, 5, 10'000);
  cluster.network.run_for(second);
  EXPECT_GT(cluster["b"].received, 400u);
  EXPECT_EQ(cluster["a"].downs + cluster["b"].downs, 0);
}

TEST(SimulatedNetwork, ALostFrameEndsTheLinkWhichThenReconnects) {
  Cluster cluster(3, {"a", "b"});
  cluster.network.run_for(second);
  cluster.network.set_faults("a", "b", {.drop = 1});
  cluster.talk(1, 1, 10'000);
  cluster.network.set_faults("a", "b", {});
  cluster.network.run_for(20 * second);
  EXPECT_GE(cluster["b"].downs, 1);
  EXPECT_GE(cluster["a"].downs, 1);
  EXPECT_TRUE(cluster.all_up());
}

TEST(SimulatedNetwork, AOneWayCutIsNoticedOnBothSides) {
  Cluster cluster(4, {"a", "b"});
  cluster.network.run_for(second);
  cluster.network.cut("a", "b");
  cluster.network.run_for(20 * second);
  EXPECT_FALSE(cluster["a"].is_up("b"));
  EXPECT_FALSE(cluster["b"].is_up("a"));
  cluster.network.heal("a", "b");
  cluster.network.run_for(20 * second);
  EXPECT_TRUE(cluster.all_up());
}

TEST(SimulatedNetwork, AShortCutOnlyDelays) {
  Cluster cluster(5, {"a", "b"});
  cluster.network.run_for(second);
  cluster.network.cut("a", "b");
  cluster["a"].talk(5);
  cluster.network.run_for(second);
  EXPECT_EQ(cluster["b"].received, 0u);
  cluster.network.heal("a", "b");
  cluster.network.run_for(second);
  EXPECT_EQ(cluster["b"].received, 5u);
  EXPECT_EQ(cluster["a"].downs + cluster["b"].downs, 0);
}

TEST(SimulatedNetwork, ARestartedNodeComesBackWithItsNewIncarnation) {
  Cluster cluster(6, {"a", "b"});
  cluster.network.run_for(second);
  cluster.start("a");
  cluster.network.run_for(2 * second);
  EXPECT_TRUE(cluster.all_up());
  EXPECT_EQ(cluster["b"].downs, 1);
  EXPECT_EQ(cluster["b"].ups, 2);
  EXPECT_EQ(cluster.transports["b"]->status("a")->incarnation, 3u);
}

TEST(SimulatedNetwork, ADisconnectedPairConnectsAgain) {
  Cluster cluster(7, {"a", "b", "c"});
  cluster.network.run_for(second);
  cluster.network.disconnect("a", "b");
  cluster.network.run_for(second);
  EXPECT_TRUE(cluster.all_up());
  EXPECT_EQ(cluster["a"].downs, 1);
  EXPECT_EQ(cluster["b"].downs, 1);
  EXPECT_EQ(cluster["c"].downs, 0);
}

TEST(SimulatedNetwork, StopDeliversWhatIsInFlightFirst) {
  Cluster cluster(8, {"a", "b"});
  cluster.network.run_for(second);
  cluster["a"].talk(20);
  EXPECT_TRUE(cluster.transports["a"]->stop());
  EXPECT_EQ(cluster["b"].received, 20u);
  EXPECT_EQ(cluster["a"].downs, 1);
  cluster.network.run_for(second);
  EXPECT_EQ(cluster["b"].downs, 1);
}

TEST(SimulatedNetwork, AFullWindowIsRefusedAndFreed) {
  Cluster cluster(9, {"a", "b"});
  cluster.network.run_for(second);
  cluster["a"].talk(100'000);
  EXPECT_EQ(cluster.transports["a"]->send("b", {kind, "x"}).error().code, ErrorCode::backlog_full);
  cluster.network.run_for(second);
  EXPECT_EQ(cluster["a"].writable, 1);
}

TEST(SimulatedNetwork, LinksANodeThatIsAddedAndDropsOneThatIsTakenOut) {
  Cluster cluster(8, {"b", "c"});
  cluster.network.run_for(second);
  ASSERT_TRUE(cluster.all_up());
  for (const char* added : {"a", "d"}) cluster.add(added);  // one dials the others, one is dialed
  cluster.network.run_for(10 * second);
  for (const char* added : {"a", "d"}) {
    EXPECT_FALSE(cluster["b"].is_up(added)) << "b has not been told of " << added;
  }
  cluster.configure({"a", "b", "c", "d"});
  cluster.network.run_for(10 * second);
  ASSERT_TRUE(cluster.all_up());
  cluster.talk(10, 5, 10'000);
  cluster.network.run_for(second);
  EXPECT_EQ(cluster["b"].received, 150u);
  EXPECT_EQ(cluster["b"].downs + cluster["c"].downs, 0) << "links that stay are not touched";

  cluster.configure({"b", "c", "d"});
  cluster.network.run_for(10 * second);
  for (const char* left : {"b", "c", "d"}) {
    EXPECT_FALSE(cluster[left].is_up("a")) << left;
    EXPECT_EQ(cluster[left].downs, 1) << left;
  }
  EXPECT_TRUE(cluster["b"].is_up("c") && cluster["b"].is_up("d") && cluster["c"].is_up("d"));
  cluster.configure({"a", "b", "c", "d"});
  cluster.network.run_for(10 * second);
  EXPECT_TRUE(cluster.all_up()) << "a node that comes back";
  EXPECT_EQ(cluster.network.set_peers("none", {}).error().code, ErrorCode::not_found);
}

TEST(SimulatedNetwork, KeepsItsPromisesUnderAllFaultsTogether) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Cluster cluster(seed, {"a", "b", "c", "d"});
    const std::vector<std::string> names{"a", "b", "c", "d"};
    std::mt19937_64 random(seed);
    const auto pick = [&] {
      return names[random() % names.size()];
    };
    cluster.network.set_faults({.drop = 0.002, .repeat = 0.05, .delay_max_us = 50'000});
    for (int i = 0; i < 60; ++i) {
      switch (random() % 6) {
        case 0:
          cluster.network.cut(pick(), pick());
          break;
        case 1:
          cluster.network.disconnect(pick(), pick());
          break;
        case 2:
          cluster.start(pick());
          break;
        default:
          cluster.network.heal(pick(), pick());
          break;
      }
      cluster.talk(20, 4, 25'000);
    }
    cluster.network.set_faults({});
    for (const auto& one : names) {
      for (const auto& other : names) cluster.network.heal(one, other);
    }
    cluster.network.run_for(30 * second);
    EXPECT_TRUE(cluster.all_up());
    cluster.talk(1, 1, second);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace millrace::transport
