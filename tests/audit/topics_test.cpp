// Promise: the audit finds a batch that is repeated or missing, a record that goes while a group needs it, and a
// topic that a checkpoint has otherwise than the records.
#include "apps/audit/model/topics.hpp"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace millrace::audit {
namespace {

struct TopicsAudit : ::testing::Test {
  AuditedTopics topics;
  std::vector<std::string> findings;
  std::uint64_t last = 0;
  const ComplainOf complain = [this](About, const std::string& text) {
    findings.push_back(text);
  };

  void apply(const pb::Change& change) {
    last += static_cast<std::uint64_t>(change.append_size());
    apply_topics(change, "store", "queue store, shard 0", last, topics, complain);
  }
  void make() {
    pb::Change change;
    pb::TopicChange& topic = *change.add_topic();
    topic.set_name("t");
    topic.mutable_options();
    apply(change);
  }
  void append(std::uint32_t records, std::int64_t producer = -1, std::uint32_t sequence = 0,
              std::uint32_t epoch = 0) {
    pb::Change change;
    change.add_append()->set_records(records);
    pb::TopicChange& topic = *change.add_topic();
    topic.set_name("t");
    pb::TopicAppend& append = *topic.add_append();
    append.set_producer(producer);
    append.set_sequence(sequence);
    append.set_epoch(epoch);
    apply(change);
  }
  void commit(std::int64_t offset) {
    pb::Change change;
    pb::TopicChange& topic = *change.add_topic();
    topic.set_name("t");
    pb::GroupChange& group = *topic.add_group();
    group.set_group("g");
    group.set_commit(offset);
    apply(change);
  }
  void trim(std::int64_t start, const std::vector<std::uint64_t>& acks) {
    pb::Change change;
    for (const std::uint64_t each : acks) change.add_ack(each);
    pb::TopicChange& topic = *change.add_topic();
    topic.set_name("t");
    topic.set_start(start);
    apply(change);
  }
  void expect(const std::string& text) {
    ASSERT_EQ(findings.size(), 1u);
    EXPECT_NE(findings[0].find(text), std::string::npos) << findings[0];
  }
};

TEST_F(TopicsAudit, PassesWhatIsSound) {
  make();
  append(3, 7, 0);
  append(2, 7, 3);
  append(1, 7, 0, 1);
  commit(5);
  trim(5, {1, 2});
  EXPECT_TRUE(findings.empty());
  EXPECT_EQ(topics.at("t").start, 5);
  EXPECT_EQ(topics.at("t").next, 6);
  EXPECT_EQ(topics.at("t").batches.size(), 1u);
}

TEST_F(TopicsAudit, FindsARepeatedBatch) {
  make();
  append(3, 7, 0);
  append(3, 7, 0);
  expect("appends number 0, expected 3");
}

TEST_F(TopicsAudit, FindsAMissingBatch) {
  make();
  append(3, 7, 0);
  append(1, 7, 4);
  expect("appends number 4, expected 3");
}

TEST_F(TopicsAudit, FindsABatchOfAFencedProducer) {
  make();
  append(1, 7, 0, 1);
  append(1, 7, 1, 0);
  expect("of epoch 0 appends number 1");
}

TEST_F(TopicsAudit, FindsARecordThatGoesWhileAGroupNeedsIt) {
  make();
  append(3);
  commit(2);
  trim(3, {1});
  expect("a group needs it");
}

TEST_F(TopicsAudit, FindsAMessageThatStaysWithoutItsRecord) {
  make();
  append(3);
  trim(3, {});
  expect("its message stays");
}

TEST_F(TopicsAudit, FindsABatchForNoTopicAndACommitBeyondTheEnd) {
  append(1);
  expect("is not there");
  findings.clear();
  commit(2);
  expect("commits 2 of 1");
}

TEST_F(TopicsAudit, ComparesTopicsWithThoseOfACheckpoint) {
  make();
  append(3, 7, 0);
  pb::TopicPart part;
  part.set_name("t");
  part.set_next(3);
  part.add_sequence_step(1);
  part.add_base_step(0);
  part.add_count(3);
  pb::TopicPart::Producer& producer = *part.add_producer();
  producer.set_id(7);
  producer.set_next_sequence(3);
  AuditedTopics loaded;
  load_topic(part, "queue store, shard 0", loaded, complain);
  EXPECT_EQ(difference_of_topics(topics, loaded), "");
  commit(1);
  EXPECT_EQ(difference_of_topics(topics, loaded), "topic t is another");
  EXPECT_EQ(difference_of_topics(topics, {}), "topic t is missing");
  EXPECT_NE(difference_of_topics({}, loaded), "");
  EXPECT_TRUE(findings.empty());
}

}  // namespace
}  // namespace millrace::audit
