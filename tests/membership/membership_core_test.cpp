// Promise: the view of a node follows from heartbeats alone; late, duplicate and outdated
// heartbeats change nothing, and a node that was paused suspects no other node. Checked without a
// clock.
#include "cluster/membership/core/membership_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/membership/second.hpp"

namespace millrace::membership {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

pb::NodeId node(const std::string& name, std::uint64_t incarnation) {
  pb::NodeId id;
  id.set_name(name);
  id.set_address("host-" + name + ":1");
  id.set_incarnation(incarnation);
  return id;
}

Membership node_a() {
  return start({}, node("a", 10), {{"b", "host-b:1"}, {"c", "host-c:1"}});
}

pb::Heartbeat beat(const std::string& name, std::uint64_t incarnation,
                   pb::MemberState state = pb::MEMBER_UP) {
  pb::Heartbeat heartbeat;
  *heartbeat.mutable_from() = node(name, incarnation);
  heartbeat.set_state(state);
  return heartbeat;
}

pb::Heartbeat with_view(pb::Heartbeat heartbeat, const std::string& name, std::uint64_t incarnation,
                        pb::MemberState state, bool unreachable) {
  pb::MemberView& view = *heartbeat.add_view();
  view.set_name(name);
  view.set_incarnation(incarnation);
  view.set_state(state);
  view.set_unreachable(unreachable);
  return heartbeat;
}

// Ticks each second from `from` to `to`, with a heartbeat of b each time if `with_b`. Returns all
// events.
std::vector<Event> run(Membership& a, int from, int to, bool with_b) {
  std::vector<Event> events;
  for (int at = from; at <= to; ++at) {
    if (with_b) {
      for (const Event& event : heard(a, beat("b", 1), at * second).events) {
        events.push_back(event);
      }
    }
    for (const Event& event : tick(a, at * second).events) events.push_back(event);
  }
  return events;
}

TEST(Membership, AMemberPassesThroughItsStates) {
  Membership a = node_a();
  const auto states = {pb::MEMBER_JOINING, pb::MEMBER_UP, pb::MEMBER_LEAVING, pb::MEMBER_REMOVED};
  std::vector<Change> changes;
  for (const pb::MemberState state : states) {
    for (const Event& event : heard(a, beat("b", 1, state), 0).events) {
      changes.push_back(event.change);
    }
  }
  EXPECT_THAT(changes, ElementsAre(Change::joining, Change::up, Change::leaving, Change::removed));
}

TEST(Membership, ALateOrDuplicateHeartbeatRevertsNoState) {
  Membership a = node_a();
  (void)heard(a, beat("b", 1, pb::MEMBER_LEAVING), 0);
  EXPECT_THAT(heard(a, beat("b", 1, pb::MEMBER_UP), 0).events, IsEmpty());
  EXPECT_THAT(heard(a, beat("b", 1, pb::MEMBER_LEAVING), 0).events, IsEmpty());
  EXPECT_EQ(a.members.at("b").state, pb::MEMBER_LEAVING);
}

TEST(Membership, AReturningNodeIsANewIncarnationAndOlderOnesAreIgnored) {
  Membership a = node_a();
  (void)heard(a, beat("b", 1, pb::MEMBER_REMOVED), 0);
  EXPECT_THAT(heard(a, beat("b", 2, pb::MEMBER_JOINING), 0).events,
              ElementsAre(Event{Change::restarted, "b", 2}, Event{Change::joining, "b", 2}));
  EXPECT_THAT(heard(a, beat("b", 1, pb::MEMBER_REMOVED), 0).events, IsEmpty());
  EXPECT_EQ(a.members.at("b").state, pb::MEMBER_JOINING);
  EXPECT_FALSE(is_current(a, node("b", 1)));
  EXPECT_TRUE(is_current(a, node("b", 2)));
  EXPECT_TRUE(is_current(a, node("b", 3)));
}

TEST(Membership, IgnoresANodeThatIsNotConfigured) {
  Membership a = node_a();
  EXPECT_THAT(heard(a, beat("x", 1), 0).events, IsEmpty());
  EXPECT_FALSE(a.members.contains("x"));
  EXPECT_FALSE(is_current(a, node("x", 1)));
  EXPECT_FALSE(is_current(a, node("b", 0)));
}

TEST(Membership, ASilentMemberIsUnreachableOnceAndReachableWhenHeard) {
  Membership a = node_a();
  (void)run(a, 1, 20, true);
  EXPECT_THAT(run(a, 21, 23, false), IsEmpty()) << "within the acceptable pause";
  EXPECT_THAT(run(a, 24, 60, false), ElementsAre(Event{Change::unreachable, "b", 1}));
  EXPECT_EQ(a.members.at("b").state, pb::MEMBER_UP) << "unreachable is no state";
  EXPECT_THAT(run(a, 61, 70, true), ElementsAre(Event{Change::reachable, "b", 1}));
}

TEST(Membership, APausedNodeSuspectsItselfFirst) {
  Membership a = node_a();
  (void)run(a, 1, 20, true);
  EXPECT_THAT(tick(a, 60 * second).events, ElementsAre(Event{Change::self_late, "a", 10}));
  EXPECT_THAT(run(a, 61, 62, false), IsEmpty()) << "the others have time to be heard";
  EXPECT_THAT(run(a, 63, 90, true), IsEmpty());
  EXPECT_THAT(run(a, 91, 100, false), ElementsAre(Event{Change::unreachable, "b", 1}));
}

TEST(Membership, APausedNodeStillDetectsALostNode) {
  Membership a = node_a();
  (void)run(a, 1, 20, true);
  (void)tick(a, 60 * second);
  EXPECT_THAT(run(a, 61, 70, false), ElementsAre(Event{Change::unreachable, "b", 1}));
}

TEST(Membership, APausedNodeDoesNotSampleItsPause) {
  Membership a = node_a();
  int at = 0;
  for (int i = 0; i < 50; ++i) {
    (void)run(a, at + 3, at + 9, true);
    at += 9;
  }
  EXPECT_THAT(run(a, at + 1, at + 5, false), ElementsAre(Event{Change::unreachable, "b", 1}))
      << "its own pauses must not count as b's";
}

TEST(Membership, APauseShowsInAHeartbeatThatComesBeforeTheTick) {
  Membership a = node_a();
  (void)run(a, 1, 20, true);
  EXPECT_THAT(heard(a, beat("b", 1), 60 * second).events,
              ElementsAre(Event{Change::self_late, "a", 10}));
  EXPECT_THAT(tick(a, 60 * second).events, IsEmpty());
}

TEST(Membership, ANodeThatIsAlwaysLateSuspectsNoNode) {
  Membership a = node_a();
  (void)run(a, 1, 20, true);
  for (int at = 25; at < 200; at += 5) {
    EXPECT_THAT(tick(a, at * second).events, ElementsAre(Event{Change::self_late, "a", 10}));
  }
}

TEST(Membership, LearnsOfAMemberFromAnotherAndWatchesIt) {
  Membership a = node_a();
  EXPECT_THAT(heard(a, with_view(beat("b", 1), "c", 7, pb::MEMBER_UP, false), second).events,
              Contains(Event{Change::up, "c", 7}));
  EXPECT_FALSE(is_current(a, node("c", 6)));
  EXPECT_THAT(run(a, 1, 20, true), Contains(Event{Change::unreachable, "c", 7}))
      << "it was never heard itself";
}

TEST(Membership, KeepsReportsOfUnreachability) {
  Membership a = node_a();
  (void)heard(a, beat("c", 7), 0);
  (void)heard(a, with_view(beat("b", 1), "c", 7, pb::MEMBER_UP, true), 0);
  EXPECT_THAT(a.members.at("c").unreachable_from, ElementsAre("b"));
  EXPECT_FALSE(a.members.at("c").unreachable) << "from here it is reachable";
  (void)heard(a, with_view(beat("b", 1), "c", 6, pb::MEMBER_UP, false), 0);
  EXPECT_THAT(a.members.at("c").unreachable_from, ElementsAre("b")) << "of an older run";
  (void)heard(a, beat("b", 2), 0);
  EXPECT_THAT(a.members.at("c").unreachable_from, IsEmpty()) << "b's opinion ended with b";
}

TEST(Membership, SendsItsOwnStateAndItsViewOfTheRest) {
  Membership a = node_a();
  (void)heard(a, beat("b", 1), 0);
  EXPECT_EQ(advance(a, pb::MEMBER_UP).heartbeat->state(), pb::MEMBER_UP);
  EXPECT_EQ(advance(a, pb::MEMBER_JOINING).heartbeat->state(), pb::MEMBER_UP);
  const Effects effects = tick(a, second);
  ASSERT_TRUE(effects.heartbeat);
  EXPECT_EQ(effects.heartbeat->from().name(), "a");
  ASSERT_EQ(effects.heartbeat->view_size(), 2);
  EXPECT_EQ(effects.heartbeat->view(0).name(), "b");
  EXPECT_EQ(effects.heartbeat->view(0).state(), pb::MEMBER_UP);
  EXPECT_EQ(effects.heartbeat->view(1).state(), pb::MEMBER_UNKNOWN);
}

TEST(Membership, IsFencedByALaterIncarnationOfItself) {
  Membership a = node_a();
  EXPECT_THAT(heard(a, with_view(beat("b", 1), "a", 9, pb::MEMBER_UP, true), 0).events,
              Not(Contains(Event{Change::self_fenced, "a", 9})));
  EXPECT_THAT(heard(a, with_view(beat("b", 1), "a", 11, pb::MEMBER_UP, false), 0).events,
              ElementsAre(Event{Change::self_fenced, "a", 11}));
  EXPECT_THAT(heard(a, beat("a", 12), 0).events, IsEmpty()) << "once is enough";
}

TEST(Membership, FollowsAMemberToItsNewAddress) {
  Membership a = node_a();
  pb::Heartbeat moved = beat("b", 2);
  moved.mutable_from()->set_address("elsewhere:9");
  (void)heard(a, moved, 0);
  EXPECT_EQ(a.members.at("b").address, "elsewhere:9");
}

}  // namespace
}  // namespace millrace::membership
