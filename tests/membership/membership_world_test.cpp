// Promise: under lost, duplicate, delayed and reordered messages, restarts and pauses, no view
// returns to an older incarnation or an earlier state, and once the faults end all views are
// correct. Checked on seeded random walks of four nodes with a virtual clock.
#include <algorithm>
#include <random>

#include <gtest/gtest.h>

#include "cluster/membership/core/membership_core.hpp"
#include "tests/membership/second.hpp"

namespace millrace::membership {
namespace {

const std::vector<std::string> names{"a", "b", "c", "d"};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    for (const std::string& name : names) restart(name);
  }

  // One second with faults.
  void chaos() {
    now_us_ += second;
    for (const std::string& name : names) {
      if (random_() % 60 == 0) restart(name);
      if (random_() % 60 == 0) paused_until_us_[name] = now_us_ + 10 * second;
      if (random_() % 40 == 0) advance_some(name);
      if (now_us_ >= paused_until_us_[name]) speak(name);
    }
    std::shuffle(waiting_.begin(), waiting_.end(), random_);
    while (!waiting_.empty() && random_() % 8 != 0) {
      const Message message = waiting_.back();
      if (random_() % 4 != 0) waiting_.pop_back();  // otherwise it is delivered again later
      if (random_() % 4 != 0) deliver(message);
    }
  }

  // One second without faults.
  void calm() {
    now_us_ += second;
    for (const std::string& name : names) speak(name);
    for (const Message& message : std::exchange(waiting_, {})) deliver(message);
  }

  void expect_agreement() const {
    for (const std::string& observer : names) {
      for (const auto& [name, member] : nodes_.at(observer).members) {
        const Membership& itself = nodes_.at(name);
        EXPECT_EQ(member.incarnation, itself.self.incarnation()) << observer << " of " << name;
        EXPECT_EQ(member.state, itself.state) << observer << " of " << name;
        EXPECT_FALSE(member.unreachable) << observer << " of " << name;
        EXPECT_TRUE(member.unreachable_from.empty()) << observer << " of " << name;
      }
    }
  }

 private:
  struct Message {
    std::string to;
    pb::Heartbeat heartbeat;
  };

  void restart(const std::string& name) {
    pb::NodeId self;
    self.set_name(name);
    self.set_incarnation(++incarnations_);
    std::map<std::string, std::string> others;
    for (const std::string& other : names) {
      if (other != name) others[other] = "";
    }
    nodes_[name] = start({}, self, others);
    seen_[name].clear();
  }

  void advance_some(const std::string& name) {
    Membership& node = nodes_.at(name);
    if (node.state == pb::MEMBER_REMOVED) return;
    send(name, advance(node, static_cast<pb::MemberState>(node.state + 1)));
  }

  void speak(const std::string& name) { send(name, tick(nodes_.at(name), now_us_)); }

  void send(const std::string& from, const Effects& effects) {
    check(from, effects);
    for (const std::string& to : names) {
      if (to != from) waiting_.push_back({to, *effects.heartbeat});
    }
  }

  void deliver(const Message& message) {
    check(message.to, heard(nodes_.at(message.to), message.heartbeat, now_us_));
  }

  void check(const std::string& observer, const Effects& effects) {
    EXPECT_FALSE(nodes_.at(observer).fenced) << "no two runs of a node are alive at once";
    for (const auto& [name, member] : nodes_.at(observer).members) {
      auto& last = seen_[observer][name];
      const std::pair<std::uint64_t, int> now{member.incarnation, member.state};
      EXPECT_GE(now, last) << observer << " of " << name;
      last = now;
    }
    for (const Event& event : effects.events) {
      EXPECT_LE(event.incarnation, incarnations_) << "an incarnation that never was";
    }
  }

  std::mt19937_64 random_;
  TimeUs now_us_ = 0;
  std::uint64_t incarnations_ = 0;
  std::map<std::string, Membership> nodes_;
  std::map<std::string, TimeUs> paused_until_us_;
  std::map<std::string, std::map<std::string, std::pair<std::uint64_t, int>>> seen_;
  std::vector<Message> waiting_;
};

TEST(MembershipWorld, NeverRevertsAndAgreesOnceTheFaultsEnd) {
  for (std::uint64_t seed = 1; seed <= 25 && !::testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    for (int i = 0; i < 200; ++i) world.chaos();
    for (int i = 0; i < 10; ++i) world.calm();
    world.expect_agreement();
  }
}

}  // namespace
}  // namespace millrace::membership
