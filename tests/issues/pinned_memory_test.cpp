// Promise: a body in memory takes about the memory that it is charged for: a small message does not
// keep a large record in memory.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "actors/queue/state/body.hpp"

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
  const Body body = body_in(record, record->ByteSizeLong(), record->change(0).append(500));
  record.reset();
  EXPECT_TRUE(watch.expired());
  EXPECT_EQ(body->payload().size(), 1'000u);
  EXPECT_EQ(body.logged_at_us(), 7);
}

TEST(Body, ThatIsMostOfItsRecordIsNotCopied) {
  const auto record = record_of(2, 10'000);
  const Body body = body_in(record, record->ByteSizeLong(), record->change(0).append(1));
  EXPECT_EQ(&*body, &record->change(0).append(1));
}

}  // namespace
}  // namespace millrace::queues
