// What the coordinator of groups promises, on virtual time: every request is answered once; of a generation
// there is one leader and one assignment; nobody acts for a generation that has passed; members that
// are silent are given up in their time, and those that are not never are.
#include "cluster/kafka/group/group_core.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "tests/kafka/group_fixture.hpp"

namespace millrace::kafka {
namespace {

TEST_F(Groups, OfOneMemberAreReadyAfterAMoment) {
  const Ticket first = join();
  EXPECT_FALSE(is_answered(first));  // others may come
  pass(GroupLimits{}.gather_us);
  const JoinGroupAnswer answer = joined(first);
  EXPECT_EQ(answer.code, Code::none);
  EXPECT_EQ(answer.generation, 1);
  EXPECT_EQ(answer.member, "m1");
  EXPECT_EQ(answer.leader, "m1");
  EXPECT_EQ(answer.protocol, "range");
  ASSERT_EQ(answer.members.size(), 1u);
  EXPECT_EQ(answer.members[0].metadata, "topics of ");
  const Ticket asked = sync("m1", 1, {{"m1", "all"}});
  EXPECT_EQ(synced(asked).assignment, "all");
  EXPECT_EQ(heartbeat("m1", 1), Code::none);
  EXPECT_EQ(commit("m1", 1), Code::none);
  EXPECT_EQ(leave("m1"), Code::none);
  EXPECT_EQ(state(), "Dead");
  EXPECT_EQ(core_.size(), 0u);
  EXPECT_EQ(core_.bytes(), 0u);
}

TEST_F(Groups, GatherThoseThatComeTogether) {
  std::vector<Ticket> tickets;
  for (int i = 0; i < 5; ++i) {
    tickets.push_back(join());
    pass(100'000);
  }
  pass(second);
  for (const Ticket ticket : tickets) EXPECT_EQ(joined(ticket).generation, 1);
  EXPECT_EQ(joined(tickets[0]).members.size(), 5u);
  EXPECT_TRUE(joined(tickets[1]).members.empty());  // only the leader sees them
}

TEST_F(Groups, GatherNoLongerThanARebalanceTakes) {
  JoinCommand command = join_of("");
  command.session_us = second;
  command.rebalance_us = second;
  const Ticket first = join(command);
  const SteadyUs begin = now_;
  while (!is_answered(first) && now_ < begin + 10 * second) {
    command = join_of("");
    command.session_us = second;
    command.rebalance_us = second;
    join(command);
    pass(100'000);
  }
  EXPECT_LE(now_ - begin, second + 100'000);
}

TEST_F(Groups, GiveEachMemberItsAssignmentOnce) {
  make_stable_pair();
  // An answer was lost: the member asks again, and gets the same.
  EXPECT_EQ(synced(sync("m2", 1)).assignment, "a2");
  EXPECT_EQ(synced(sync("m1", 1, {{"m1", "other"}})).assignment, "a1");
}

TEST_F(Groups, AnswerAFollowerThatJoinsAgainUnchanged) {
  make_stable_pair();
  JoinCommand again = join_of("m2");
  again.protocols = {{"range", "topics of "}};
  const JoinGroupAnswer answer = joined(join(again));
  EXPECT_EQ(answer.generation, 1);
  EXPECT_EQ(answer.leader, "m1");
  EXPECT_EQ(state(), "Stable");
}

TEST_F(Groups, RebalanceWhenTheLeaderJoinsAgain) {
  make_stable_pair();
  JoinCommand again = join_of("m1");
  again.protocols = {{"range", "topics of "}};
  const Ticket leader = join(again);
  EXPECT_EQ(state(), "PreparingRebalance");
  EXPECT_EQ(heartbeat("m2", 1), Code::rebalance_in_progress);
  const Ticket follower = join("m2");
  EXPECT_EQ(joined(leader).generation, 2);
  EXPECT_EQ(joined(leader).leader, "m1");
  EXPECT_EQ(joined(follower).generation, 2);
}

TEST_F(Groups, RebalanceWhenAMemberSubscribesToSomethingElse) {
  make_stable_pair();
  join("m2");  // its metadata is another one now
  EXPECT_EQ(state(), "PreparingRebalance");
}

// --- Planted: members that come, go and die ------------------------------------------------------

TEST_F(Groups, TakeANewMemberByARebalance) {
  make_stable_pair();
  const Ticket third = join();
  EXPECT_FALSE(is_answered(third));
  EXPECT_EQ(heartbeat("m1", 1), Code::rebalance_in_progress);
  EXPECT_EQ(commit("m1", 1), Code::none);  // it may still commit what it has read
  const Ticket first = join("m1");
  EXPECT_FALSE(is_answered(third));
  const Ticket second_ticket = join("m2");
  for (const Ticket each : {first, second_ticket, third}) EXPECT_EQ(joined(each).generation, 2);
  EXPECT_EQ(joined(first).members.size(), 3u);
  EXPECT_EQ(commit("m1", 1), Code::illegal_generation);
  EXPECT_EQ(commit("m1", 2), Code::rebalance_in_progress);
}

TEST_F(Groups, GiveUpASilentMember) {
  make_stable_pair();
  pass(session - second, {{"m1", 1}});
  EXPECT_EQ(state(), "Stable");
  pass(2 * second, {{"m1", 1}});
  EXPECT_EQ(state(), "PreparingRebalance");
  EXPECT_EQ(heartbeat("m2", 1), Code::unknown_member_id);
  EXPECT_EQ(commit("m2", 1), Code::unknown_member_id);
  EXPECT_EQ(joined(join("m1")).generation, 2);
}

TEST_F(Groups, GiveUpAMemberThatDiesInARebalance) {
  make_stable_pair();
  const Ticket third = join();
  const Ticket first = join("m1");
  // m2 says no more; the others need not wait for the rebalance timeout.
  pass(session + second);
  EXPECT_EQ(joined(first).generation, 2);
  EXPECT_EQ(joined(third).generation, 2);
  EXPECT_EQ(joined(first).members.size(), 2u);
}

TEST_F(Groups, GiveUpAMemberThatIsAliveButDoesNotJoin) {
  make_stable_pair();
  const Ticket third = join();
  const Ticket first = join("m1");
  pass(rebalance - second, {{"m2", 1}});
  EXPECT_FALSE(is_answered(first));
  pass(2 * second, {{"m2", 1}});
  EXPECT_EQ(joined(first).generation, 2);
  EXPECT_EQ(joined(third).members.size(), 0u);
  EXPECT_EQ(joined(join("m2")).code, Code::unknown_member_id);
}

TEST_F(Groups, RebalanceAgainWhenTheLeaderDiesBeforeItAssigns) {
  const Ticket first = join();
  const Ticket second_ticket = join();
  pass(second);
  ASSERT_EQ(joined(first).leader, "m1");
  ASSERT_EQ(joined(second_ticket).generation, 1);
  const Ticket waiting = sync("m2", 1);
  EXPECT_FALSE(is_answered(waiting));
  pass(session + second);
  EXPECT_EQ(synced(waiting).code, Code::rebalance_in_progress);
  const Ticket again = join("m2");
  EXPECT_EQ(joined(again).generation, 2);
  EXPECT_EQ(joined(again).leader, "m2");
}

TEST_F(Groups, GiveUpALeaderThatIsAliveButDoesNotAssign) {
  join();
  join();
  pass(second);
  const Ticket waiting = sync("m2", 1);
  pass(rebalance + second, {{"m1", 1}});
  EXPECT_EQ(synced(waiting).code, Code::rebalance_in_progress);
  EXPECT_EQ(heartbeat("m1", 1), Code::unknown_member_id);
}

TEST_F(Groups, GiveUpAFollowerThatNeverAsksForItsAssignment) {
  join();
  join();
  pass(second);
  sync("m1", 1, {{"m1", "a1"}, {"m2", "a2"}});
  pass(rebalance + second, {{"m1", 1}, {"m2", 1}});
  EXPECT_EQ(heartbeat("m2", 1), Code::unknown_member_id);
  EXPECT_EQ(state(), "PreparingRebalance");
}

TEST_F(Groups, TakeASyncThatComesLate) {
  join();
  join();
  pass(second);
  sync("m1", 1, {{"m1", "a1"}, {"m2", "a2"}});
  pass(5 * second, {{"m1", 1}});
  EXPECT_EQ(synced(sync("m2", 1)).assignment, "a2");
  // One of a generation that has passed is refused, also by its leader.
  join();
  join("m1");
  join("m2");
  EXPECT_EQ(synced(sync("m1", 1, {{"m1", "old"}})).code, Code::illegal_generation);
  EXPECT_EQ(state(), "CompletingRebalance");
}

TEST_F(Groups, EndWaitingWhenTheLastOtherMemberLeaves) {
  make_stable_pair();
  const Ticket first = join("m1");
  EXPECT_FALSE(is_answered(first));
  EXPECT_EQ(leave("m2"), Code::none);
  EXPECT_EQ(joined(first).generation, 2);
  EXPECT_EQ(leave("m2"), Code::unknown_member_id);
}

TEST_F(Groups, AnswerTheFirstOfTwoJoinsOfOneMember) {
  make_stable_pair();
  join();
  const Ticket first = join("m1");
  const Ticket second_ticket = join("m1");
  EXPECT_EQ(joined(first).code, Code::rebalance_in_progress);
  EXPECT_FALSE(is_answered(second_ticket));
  join("m2");
  EXPECT_EQ(joined(second_ticket).generation, 2);
}

TEST_F(Groups, ForgetAMemberThatNobodyCanKnow) {
  const Ticket first = join();
  abandon(first);
  EXPECT_EQ(core_.size(), 0u);
  EXPECT_EQ(core_.bytes(), 0u);
}

TEST_F(Groups, LetAMemberComeBackOnAnotherConnection) {
  make_stable_pair();
  join();
  const Ticket first = join("m1");
  abandon(first);
  join("m2");
  EXPECT_FALSE(is_answered(first));
  EXPECT_EQ(state(), "CompletingRebalance");
  JoinCommand again = join_of("m1");
  EXPECT_EQ(joined(join(again)).generation, 2);
  EXPECT_EQ(joined(last_ticket_).members.size(), 3u);
}

// --- Planted: claims that are wrong --------------------------------------------------------------

TEST_F(Groups, RefuseWhoIsNoMember) {
  EXPECT_EQ(heartbeat("m1", 1), Code::unknown_member_id);
  EXPECT_EQ(joined(join("m9")).code, Code::unknown_member_id);
  EXPECT_EQ(core_.size(), 0u);
  make_stable_pair();
  for (const std::int32_t generation : {-1, 0, 2}) {
    EXPECT_EQ(heartbeat("m1", generation), Code::illegal_generation);
    EXPECT_EQ(commit("m1", generation), Code::illegal_generation);
    EXPECT_EQ(synced(sync("m1", generation)).code, Code::illegal_generation);
  }
  EXPECT_EQ(heartbeat("x", 1), Code::unknown_member_id);
  EXPECT_EQ(joined(join("x")).code, Code::unknown_member_id);
  EXPECT_EQ(leave("x"), Code::unknown_member_id);
  EXPECT_EQ(state(), "Stable");
}

TEST_F(Groups, LetAnybodyCommitWithoutMembersOnly) {
  EXPECT_EQ(commit("", -1), Code::none);
  make_stable_pair();
  EXPECT_EQ(commit("", -1), Code::unknown_member_id);
  leave("m1");
  leave("m2");
  EXPECT_EQ(commit("", -1), Code::none);
  EXPECT_EQ(commit("m1", 1), Code::unknown_member_id);
}

TEST_F(Groups, RefuseMembersThatCannotAgree) {
  make_stable_pair();
  JoinCommand command = join_of("");
  command.protocols = {{"roundrobin", ""}};
  EXPECT_EQ(joined(join(command)).code, Code::inconsistent_group_protocol);
  command = join_of("");
  command.protocol_type = "connect";
  EXPECT_EQ(joined(join(command)).code, Code::inconsistent_group_protocol);
  command = join_of("");
  command.protocols.clear();
  EXPECT_EQ(joined(join(command)).code, Code::inconsistent_group_protocol);
  command = join_of("");
  command.protocols = {{"range", "1"}, {"range", "2"}};
  EXPECT_EQ(joined(join(command)).code, Code::inconsistent_group_protocol);
  command.protocols.clear();
  for (int i = 0; i < 65; ++i) command.protocols.push_back({"p" + std::to_string(i), ""});
  command.protocols.push_back({"range", ""});
  EXPECT_EQ(joined(join(command)).code, Code::inconsistent_group_protocol);
  command = join_of("m2");  // nor may a member change to something that the other one does not know
  command.protocols = {{"roundrobin", ""}};
  EXPECT_EQ(joined(join(command)).code, Code::inconsistent_group_protocol);
  EXPECT_EQ(state(), "Stable");
}

TEST_F(Groups, ChooseWhatAllKnowAndMostPrefer) {
  const auto prefers = [&](const std::vector<std::string>& names) {
    JoinCommand command = join_of("");
    command.protocols.clear();
    for (const std::string& name : names) command.protocols.push_back({name, name + "!"});
    return command;
  };
  const Ticket first = join(prefers({"a", "b", "c"}));
  join(prefers({"c", "b"}));
  join(prefers({"a", "c", "b"}));
  pass(second);
  EXPECT_EQ(joined(first).protocol, "c");  // "a" is not known to all; "b" has one vote
  EXPECT_EQ(joined(first).members[0].metadata, "c!");
}

TEST_F(Groups, RefuseTimeoutsBeyondTheirBounds) {
  for (const DurationUs timeout : {DurationUs{-1}, DurationUs{0}, second - 1, 1'801 * second}) {
    JoinCommand command = join_of("");
    command.session_us = timeout;
    EXPECT_EQ(joined(join(command)).code, Code::invalid_session_timeout);
  }
  EXPECT_EQ(core_.size(), 0u);
}

TEST_F(Groups, GiveAnIdFirstToWhomeverTakesIt) {
  JoinCommand command = join_of("");
  command.takes_id_first = true;
  const JoinGroupAnswer answer = joined(join(command));
  EXPECT_EQ(answer.code, Code::member_id_required);
  EXPECT_EQ(answer.member, "m1");
  EXPECT_GT(core_.bytes(), 0u);
  const Ticket ticket = join("m1");
  pass(second);
  EXPECT_EQ(joined(ticket).generation, 1);
  // An id that is not used is forgotten.
  leave("m1");
  command = join_of("");
  command.takes_id_first = true;
  const std::string unused = joined(join(command)).member;
  pass(session + second);
  EXPECT_EQ(joined(join(unused)).code, Code::unknown_member_id);
}

// --- Static members ------------------------------------------------------------------------------

TEST_F(Groups, LetAStaticMemberRestartWithoutARebalance) {
  JoinCommand named = join_of("");
  named.instance = "one";
  named.takes_id_first = true;  // needs no id of its own
  const Ticket first = join(named);
  const Ticket other = join();
  pass(second);
  ASSERT_EQ(joined(first).leader, "m1");
  ASSERT_EQ(joined(other).generation, 1);
  sync("m2", 1);
  sync("m1", 1, {{"m1", "a1"}, {"m2", "a2"}});
  // It starts again, without its id.
  named = join_of("");
  named.instance = "one";
  const JoinGroupAnswer again = joined(join(named));
  EXPECT_EQ(again.code, Code::none);
  EXPECT_EQ(again.generation, 1);
  EXPECT_NE(again.leader, again.member);  // so that it does not assign anew
  EXPECT_EQ(state(), "Stable");
  EXPECT_EQ(synced(sync(again.member, 1)).assignment, "a1");
  EXPECT_EQ(heartbeat("m2", 1), Code::none);
  // Whoever has the name before is fenced.
  EXPECT_EQ(core_.heartbeat({"g", "m1", "one", 1}, now_), Code::fenced_instance_id);
  EXPECT_EQ(core_.check_commit({"g", "m1", "one", 1}, now_), Code::fenced_instance_id);
  JoinCommand old = join_of("m1");
  old.instance = "one";
  EXPECT_EQ(joined(join(old)).code, Code::fenced_instance_id);
  // When the leader's place is taken, its join still rebalances.
  JoinCommand leader = join_of(again.member);
  leader.instance = "one";
  join(leader);
  EXPECT_EQ(state(), "PreparingRebalance");
}

TEST_F(Groups, FenceTheOlderOfTwoStaticMembersOfOneName) {
  JoinCommand named = join_of("");
  named.instance = "one";
  const Ticket first = join(named);
  named = join_of("");
  named.instance = "one";
  const Ticket second_ticket = join(named);
  EXPECT_EQ(joined(first).code, Code::fenced_instance_id);
  pass(second);
  EXPECT_EQ(joined(second_ticket).members.size(), 1u);
}

TEST_F(Groups, KeepThePlaceOfAStaticMemberForItsSession) {
  JoinCommand named = join_of("");
  named.instance = "one";
  join(named);
  const Ticket other = join();
  pass(second);
  ASSERT_EQ(joined(other).generation, 1);
  sync("m2", 1);
  sync("m1", 1, {{"m1", "a1"}, {"m2", "a2"}});
  pass(session + second, {{"m2", 1}});
  EXPECT_EQ(state(), "PreparingRebalance");
  EXPECT_EQ(joined(join("m2")).members.size(), 1u);
}

// --- Time ----------------------------------------------------------------------------------------

TEST_F(Groups, BlameNobodyForAPauseOfTheNode) {
  make_stable_pair();
  pass(second, {{"m1", 1}, {"m2", 1}});
  now_ += 3'600 * second;  // the node was suspended; heartbeats wait to be read
  tick();
  EXPECT_EQ(state(), "Stable");
  pass(second);
  EXPECT_EQ(heartbeat("m1", 1), Code::none);
  EXPECT_EQ(heartbeat("m2", 1), Code::none);
  // Whoever is silent from then on is given up as ever.
  pass(session + second, {{"m1", 1}});
  EXPECT_EQ(heartbeat("m2", 1), Code::unknown_member_id);
}

TEST_F(Groups, StandAClockThatGoesBack) {
  make_stable_pair();
  pass(second, {{"m1", 1}, {"m2", 1}});
  now_ -= 500 * second;
  tick();
  EXPECT_EQ(heartbeat("m1", 1), Code::none);
  EXPECT_EQ(state(), "Stable");
}

// --- Bounds --------------------------------------------------------------------------------------

TEST_F(Groups, AreBounded) {
  GroupCore small{GroupLimits{.groups_max = 2, .members_max = 3, .bytes_max = 10'000}};
  GroupAnswers answers;
  const auto code = [&](const std::string& group, std::size_t bytes = 10) {
    JoinCommand command = join_of("");
    command.group = group;
    command.protocols[0].metadata = std::string(bytes, 'x');
    answers.clear();
    small.join(std::move(command), ++last_ticket_, now_, answers);
    return answers.empty() ? Code::none : std::get<JoinGroupAnswer>(answers[0].content).code;
  };
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code("a"), Code::none);
  EXPECT_EQ(code("a"), Code::group_max_size_reached);
  EXPECT_EQ(code("b"), Code::none);
  EXPECT_EQ(code("c"), Code::coordinator_not_available);
  EXPECT_EQ(code("b", 20'000), Code::none);
  EXPECT_EQ(code("b"), Code::group_max_size_reached);
  small.release_all(answers);
  EXPECT_EQ(small.bytes(), 0u);
}

TEST_F(Groups, TellThatAnotherNodeCoordinates) {
  join();
  join();
  pass(second);
  const Ticket waiting = sync("m2", 1);
  GroupAnswers answers;
  core_.release("g", answers);
  take(answers);
  EXPECT_EQ(synced(waiting).code, Code::not_coordinator);
  EXPECT_EQ(heartbeat("m1", 1), Code::unknown_member_id);
  EXPECT_EQ(core_.bytes(), 0u);
}

}  // namespace
}  // namespace millrace::kafka
