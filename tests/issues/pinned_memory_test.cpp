// Promise: a body in memory takes about the memory that it is charged for: a small message does not
// keep a large record in memory.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "actors/queue/state/body.hpp"
#include "actors/queue/state/message_index.hpp"

namespace millrace::queues {
namespace {

std::shared_ptr<pb::Record> record_of(int messages, std::size_t payload) {
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(7);
  pb::Change& change = *record->add_change();
  for (int i = 0; i < messages; ++i) change.add_append()->set_payload(std::string(payload, 'x'));
  return record;
}

TEST(Body, OfASmallMessageDoesNotKeepALargeRecordInMemory) {
  auto record = record_of(1'000, 1'000);
  const std::weak_ptr<const pb::Record> watch = record;
  const Body body = body_in(record, record->ByteSizeLong(), record->change(0).append(500), 1);
  record.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(body->payload().size(), 1'000u);
  EXPECT_EQ(body.logged_at_us(), 7);
}

TEST(Body, ThatIsMostOfItsRecordIsNotCopied) {
  const auto record = record_of(2, 10'000);
  const Body body = body_in(record, record->ByteSizeLong(), record->change(0).append(1), 2);
  EXPECT_EQ(&*body, &record->change(0).append(1));
}

TEST(Body, OfManyMessagesOfOneRecordIsNotCopied) {
  const auto record = record_of(256, 200);
  const Body body = body_in(record, record->ByteSizeLong(), record->change(0).append(7), 256);
  EXPECT_EQ(&*body, &record->change(0).append(7));
}

TEST(MessageIndex, KeepsNoRecordsForTheFewMessagesThatAreLeftOfThem) {
  auto record = record_of(256, 4'000);
  const std::weak_ptr<const pb::Record> watch = record;
  MessageIndex index;
  for (Sequence sequence = 256; sequence < 512; ++sequence) {
    index.add(sequence);
    index.set_body(sequence,
                   body_in(record, record->ByteSizeLong(),
                           record->change(0).append(static_cast<int>(sequence - 256)), 256));
  }
  record.reset();
  index.add(512);  // no message comes to the range of numbers any more
  for (Sequence sequence = 266; sequence < 512; ++sequence) {
    EXPECT_FALSE(watch.expired() && sequence < 490) << sequence;
    index.remove(sequence);
  }
  EXPECT_TRUE(watch.expired());
  ASSERT_NE(index.body(260), nullptr);
  EXPECT_EQ((**index.body(260)).payload().size(), 4'000u);
}

}  // namespace
}  // namespace millrace::queues
