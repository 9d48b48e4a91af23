// Promise: a data directory is outdated exactly if another node remembers a higher epoch of a shard that
// this node owns or owned, a message of its outboxes, or a reply of its queues, of which the directory
// knows nothing. Whatever a node cannot know, because it was down, is no sign.
#include <gtest/gtest.h>

#include "cluster/move/core/comparison_core.hpp"

namespace millrace::moves {
namespace {

using Comparing = moves::Comparison;  // the fixture has its name

class Comparison : public ::testing::Test {
 protected:
  Comparison() {
    own_.self = "a";
    answer_.mutable_from()->set_name("b");
  }

  pb::ShardRecord& owned(const std::string& owner, std::uint64_t epoch) {
    pb::ShardRecord& record = own_.shards[{"", 3}];
    record.set_shard(3);
    record.mutable_ownership()->set_owner(owner);
    record.mutable_ownership()->set_epoch(epoch);
    return record;
  }
  void told(const std::string& owner, std::uint64_t epoch) {
    auto& one = *answer_.add_shard();
    one.set_shard(3);
    one.mutable_ownership()->set_owner(owner);
    one.mutable_ownership()->set_epoch(epoch);
  }
  void session(std::uint64_t last, std::uint64_t generation) {
    queues::Recollection told;
    told.sessions.push_back({"in", 3, "out", last, generation});
    add(answer_, told);
  }
  void progress(std::uint64_t base, std::uint64_t began) {
    queues::Recollection told;
    told.outboxes.push_back({"in", 3, "out", base, began, base, {}});
    add(answer_, told);
  }
  [[nodiscard]] bool is_outdated() const { return find_outdated(own_, answer_).has_value(); }

  OwnMemory own_;
  pb::PlacementGossip answer_;
};

TEST_F(Comparison, OfOwnersThatAgree) {
  owned("a", 2);
  told("a", 2);
  EXPECT_FALSE(is_outdated());
  told("c", 1);
  EXPECT_FALSE(is_outdated()) << "the other node has not heard yet";
}

TEST_F(Comparison, OfAShardThatThisNodeDidNotGiveAway) {
  owned("a", 2);
  told("b", 3);
  EXPECT_TRUE(is_outdated());
}

TEST_F(Comparison, OfAShardThatMovedWhileThisNodeWasDown) {
  owned("a", 2).mutable_offered()->set_target("b");
  told("b", 3);
  EXPECT_FALSE(is_outdated());
}

TEST_F(Comparison, OfAShardOfOthers) {
  owned("c", 2);
  told("b", 3);
  EXPECT_FALSE(is_outdated());
  told("a", 4);
  EXPECT_TRUE(is_outdated()) << "it would have installed it";
}

TEST_F(Comparison, OfAPromise) {
  owned("a", 0);
  told("b", 1);
  EXPECT_FALSE(is_outdated()) << "this node may have founded it, and did not";
}

TEST_F(Comparison, OfNumbersThatAnOutboxHasGivenOut) {
  own_.queues.outboxes.push_back({"in", 3, "out", 3, 0, 6, {{1, 0}, {2, 4}, {9, 6}}});
  session(4, 1);
  session(6, 2);
  EXPECT_FALSE(is_outdated());
  session(7, 2);
  EXPECT_TRUE(is_outdated());
}

TEST_F(Comparison, OfNumbersOfAnEarlierGeneration) {
  own_.queues.outboxes.push_back({"in", 3, "out", 3, 0, 6, {{1, 0}, {2, 4}}});
  session(5, 1);
  EXPECT_TRUE(is_outdated()) << "the copy was made after number 4";
}

TEST_F(Comparison, OfAGenerationThatTheDirectoryLacks) {
  own_.queues.outboxes.push_back({"in", 3, "out", 3, 0, 6, {{1, 0}}});
  session(2, 8);
  EXPECT_TRUE(is_outdated());
}

TEST_F(Comparison, OfOutboxesOfOtherNodes) {
  session(5, 1);
  EXPECT_FALSE(is_outdated());
}

TEST_F(Comparison, OfRepliesThatAQueueHasGiven) {
  own_.queues.sessions.push_back({"in", 3, "out", 4, 1});
  progress(4, 0);
  EXPECT_FALSE(is_outdated());
  progress(5, 0);
  EXPECT_TRUE(is_outdated());
}

TEST_F(Comparison, OfRepliesOfAQueueThatKnowsNothingOfTheOutbox) {
  progress(4, 4);
  EXPECT_FALSE(is_outdated()) << "the queue may have forgotten it: it is of an older version";
  progress(5, 4);
  EXPECT_TRUE(is_outdated());
}

// b and c answer before and after a shard moves from b to c.
TEST_F(Comparison, OfAShardThatMovesBetweenTheAnswers) {
  Comparing comparison{.question = 7, .own = own_};
  const auto answers = [&comparison](const char* node, const char* owner, std::uint64_t epoch) {
    pb::PlacementGossip answer;
    answer.mutable_from()->set_name(node);
    answer.set_answers(7);
    auto& one = *answer.add_shard();
    one.mutable_ownership()->set_owner(owner);
    one.mutable_ownership()->set_epoch(epoch);
    return take(comparison, answer);
  };
  EXPECT_FALSE(answers("c", "b", 1));
  EXPECT_EQ(missing_answers(comparison, {"b", "c"}), "b");
  EXPECT_FALSE(answers("b", "c", 2));
  EXPECT_EQ(missing_answers(comparison, {"b", "c"}), "c") << "what came with the shard is missing";
  EXPECT_FALSE(answers("c", "c", 2));
  EXPECT_EQ(missing_answers(comparison, {"b", "c"}), "");
}

TEST_F(Comparison, TakesNoAnswerToAnEarlierStart) {
  Comparing comparison{.question = 7, .own = own_};
  answer_.set_answers(6);
  EXPECT_FALSE(take(comparison, answer_));
  EXPECT_EQ(missing_answers(comparison, {"b"}), "b");
}

}  // namespace
}  // namespace millrace::moves
