// Promise: a renamed stage that names its former name takes over the queues that were named after it,
// with their messages, once, whatever the node serves of them.
#include <algorithm>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/assembly/node_plan.hpp"
#include "actors/pipeline/pipeline.hpp"

namespace millrace {
namespace {

using google::protobuf::StringValue;

class RenamedStage : public testing::Test {
 protected:
  // A pipeline whose second stage has this name and was called `was`.
  Result<NodePlan> plan(const std::string& name, const std::string& was = "") {
    const auto pass = [](const StringValue& in) {
      return in;
    };
    const std::vector<PipelineSpec> pipelines{
        pipeline("test")
            .from(queue<StringValue>("in"))
            .then("first", pass)
            .then("" + name, [](const StringValue&) {}, {.was = was})};
    auto planned = plan_node(analyse_wiring(pipelines), pipelines, store_,
                             {.data_dir = {}, .shards = 2, .serves = serves_});
    if (!planned) return planned;
    for (const auto& record : start_records(*planned, store_, 1)) {
      records_.push_back(record->SerializeAsString());
    }
    return planned;
  }

  void append(const std::string& queue, std::uint32_t shard) {
    pb::Record record;
    record.set_at_us(1);
    pb::Change& change = *record.add_change();
    change.set_queue(store_.find(queue, shard)->declaration.number());
    change.add_append()->set_payload("message");
    records_.push_back(record.SerializeAsString());
    ASSERT_TRUE(store_.apply(frame(records_.size())));
  }

  [[nodiscard]] logs::Frame frame(std::size_t lsn) const {
    return {.lsn = lsn, .place = {}, .shard = 0, .body = records_[lsn - 1]};
  }

  [[nodiscard]] Store replayed() const {
    Store store;
    for (std::size_t lsn = 1; lsn <= records_.size(); ++lsn) EXPECT_TRUE(store.apply(frame(lsn)));
    return store;
  }

  static std::size_t messages(Store& store, const std::string& queue, std::uint32_t shard) {
    const StoredQueue* const found = store.find(queue, shard);
    return found == nullptr ? 0 : found->state->durable.index.size();
  }

  Store store_;
  std::vector<std::string> records_;
  std::function<bool(const std::string&, std::uint32_t)> serves_;
};

TEST_F(RenamedStage, TakesOverItsQueueWithTheMessages) {
  ASSERT_TRUE(plan("second"));
  append("test.second", 1);
  append("test.second.dead", 0);
  const queues::QueueNumber number = store_.find("test.second", 1)->declaration.number();
  const auto planned = plan("third", "second");
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->queues.at("test.third").served[1], number);
  Store replay = replayed();
  for (Store* store : {&store_, &replay}) {
    EXPECT_EQ(store->find("test.second", 1), nullptr);
    EXPECT_EQ(store->find("test.second.dead", 0), nullptr);
    EXPECT_EQ(messages(*store, "test.third", 1), 1u);
    EXPECT_EQ(messages(*store, "test.third.dead", 0), 1u);
    EXPECT_EQ(store->find("test.third", 1)->state->name, "test.third");
  }
}

TEST_F(RenamedStage, TakesOverOnce) {
  ASSERT_TRUE(plan("second"));
  append("test.second", 0);
  ASSERT_TRUE(plan("third", "second"));
  for (int start = 0; start < 2; ++start) {
    const auto again = plan("third", "second");
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->fresh.empty());
    EXPECT_EQ(messages(store_, "test.third", 0), 1u);
  }
}

TEST_F(RenamedStage, TakesOverAfterAStartThatDidNotSaySo) {
  ASSERT_TRUE(plan("second"));
  append("test.second", 0);
  ASSERT_TRUE(plan("third"));
  const auto planned = plan("third", "second");
  ASSERT_TRUE(planned) << planned.error().message;
  Store replay = replayed();
  for (Store* store : {&store_, &replay}) EXPECT_EQ(messages(*store, "test.third", 0), 1u);
}

TEST_F(RenamedStage, IsRefusedIfBothQueuesWereUsed) {
  ASSERT_TRUE(plan("second"));
  append("test.second", 0);
  ASSERT_TRUE(plan("third"));
  append("test.third", 0);
  const auto planned = plan("third", "second");
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(planned.error().message.find("queue test.second cannot become test.third"),
            std::string::npos);
}

TEST_F(RenamedStage, TakesOverOutboxesUnderTheirProducer) {
  serves_ = [](const std::string&, std::uint32_t shard) {
    return shard == 0;
  };
  ASSERT_TRUE(plan("second"));
  append("outbox/test.second", 1);
  const std::string producer =
      store_.find("outbox/test.second", 1)->declaration.outbox().producer();
  const auto planned = plan("third", "second");
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(messages(store_, "outbox/test.third", 1), 1u);
  const auto outbox =
      std::find_if(planned->outboxes.begin(), planned->outboxes.end(),
                   [](const OutboxPlan& each) { return each.queue == "test.third"; });
  ASSERT_NE(outbox, planned->outboxes.end());
  EXPECT_EQ(outbox->producer, producer) << "the target knows the messages by it";
}

TEST_F(RenamedStage, GetsDeadLettersOfBefore) {
  ASSERT_TRUE(plan("second"));
  const auto planned = plan("third", "second");
  ASSERT_TRUE(planned) << planned.error().message;
  EXPECT_EQ(planned->origins(0).at("test.second"), planned->origins(0).at("test.third"));
}

}  // namespace
}  // namespace millrace
