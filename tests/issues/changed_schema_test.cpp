// Promise: a program that would read messages or states of before wrongly is refused at its start,
// with the field named; one whose types only evolved goes on.
#include <string>

#include <google/protobuf/descriptor.h>
#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

#include "actors/assembly/node_plan.hpp"
#include "actors/pipeline/pipeline.hpp"
#include "messages/schema.hpp"
#include "tests/pipeline/shapes.pb.h"

namespace millrace::test {
namespace {

using F = google::protobuf::FieldDescriptor;

pb::Schema placed() {
  return schema_of("millrace.test.Placed");
}

// The schema of Placed as if the field `number` had been this one.
pb::Schema placed_with(std::uint32_t number, F::Type type,
                       pb::Schema::Label label = pb::Schema::SINGULAR) {
  pb::Schema schema = placed();
  for (pb::Schema::Field& field : *schema.mutable_message(0)->mutable_field()) {
    if (field.number() != number) continue;
    field.set_type(type);
    field.set_label(label);
  }
  return schema;
}

std::string conflict(const pb::Schema& before, const pb::Schema& now) {
  return conflict_of(before, now).value_or("");
}

TEST(Schema, NamesTheFieldsOfAType) {
  const pb::Schema schema = placed();
  ASSERT_EQ(schema.message_size(), 1);
  ASSERT_EQ(schema.message(0).field_size(), 4);
  EXPECT_EQ(schema.message(0).field(2).name(), "cents");
  EXPECT_EQ(schema.message(0).field(2).type(), F::TYPE_INT64);
  EXPECT_EQ(schema_of("no.such.Type").message_size(), 0);
  EXPECT_EQ(conflict(schema, schema), "");
  EXPECT_EQ(conflict({}, schema), "") << "from before schemas were recorded";
}

TEST(Schema, FindsANumberThatIsUsedAgainWithAnotherType) {
  EXPECT_EQ(conflict(placed_with(3, F::TYPE_STRING), placed()),
            "field cents (number 3) of millrace.test.Placed is int64, and was of string before");
  EXPECT_NE(conflict(placed_with(3, F::TYPE_SINT64), placed()), "") << "zigzag";
  EXPECT_NE(conflict(placed_with(3, F::TYPE_FIXED64), placed()), "") << "another wire type";
  EXPECT_NE(conflict(placed(), placed_with(3, F::TYPE_INT32)), "") << "large values are cut off";
  EXPECT_NE(conflict(placed_with(1, F::TYPE_BYTES), placed()), "") << "may be no UTF-8";
  EXPECT_NE(conflict(placed_with(1, F::TYPE_STRING, pb::Schema::REPEATED), placed()), "")
      << "all but the last value would be lost";
  EXPECT_NE(conflict(placed(), placed_with(1, F::TYPE_STRING, pb::Schema::REQUIRED)), "");
}

TEST(Schema, LetsTypesEvolve) {
  pb::Schema less = placed();
  less.mutable_message(0)->mutable_field()->RemoveLast();
  EXPECT_EQ(conflict(less, placed()), "") << "a field is added";
  EXPECT_EQ(conflict(placed(), less), "") << "a field is removed";
  pb::Schema renamed = placed();
  renamed.mutable_message(0)->mutable_field(0)->set_name("id");
  EXPECT_EQ(conflict(placed(), renamed), "");
  EXPECT_EQ(conflict(placed_with(3, F::TYPE_INT32), placed()), "");
  EXPECT_EQ(conflict(placed_with(3, F::TYPE_UINT32), placed()), "");
  EXPECT_EQ(conflict(placed(), placed_with(1, F::TYPE_BYTES)), "");
  EXPECT_EQ(conflict(placed(), placed_with(1, F::TYPE_STRING, pb::Schema::REPEATED)), "");
}

TEST(Schema, RemembersFieldsThatWereRemoved) {
  pb::Schema less = placed();
  less.mutable_message(0)->mutable_field()->RemoveLast();
  EXPECT_EQ(merged(placed(), less).SerializeAsString(), placed().SerializeAsString());
  EXPECT_EQ(merged(less, placed()).SerializeAsString(), placed().SerializeAsString());
}

TEST(Schema, ComparesTheTypesOfFieldsToo) {
  const auto nested = [](F::Type type) {
    pb::Schema schema;
    for (const char* name : {"Outer", "Inner"}) schema.add_message()->set_name(name);
    pb::Schema::Field& inner = *schema.mutable_message(0)->add_field();
    inner.set_number(1);
    inner.set_type(F::TYPE_MESSAGE);
    inner.set_message("Inner");
    pb::Schema::Field& field = *schema.mutable_message(1)->add_field();
    field.set_number(7);
    field.set_name("x");
    field.set_type(type);
    *schema.mutable_message(1)->add_field() = inner;  // leads to itself
    schema.mutable_message(1)->mutable_field(1)->set_number(8);
    return schema;
  };
  EXPECT_EQ(conflict(nested(F::TYPE_INT32), nested(F::TYPE_INT32)), "");
  EXPECT_EQ(conflict(nested(F::TYPE_BOOL), nested(F::TYPE_DOUBLE)),
            "field x (number 7) of Inner is double, and was of bool before");
}

class ChangedSchema : public testing::Test {
 protected:
  Result<NodePlan> plan() {
    const std::vector<PipelineSpec> pipelines{
        pipeline("test")
            .from(queue<Placed>("in").key_by([](const Placed& in) { return in.order(); }))
            .then("keep", [](const Placed&, Keyed<Stock>&) {})};
    return plan_node(analyse_wiring(pipelines), pipelines, store_, {.data_dir = {}, .shards = 1});
  }

  // As if the log had been written by a program in which field 3 of Placed was a string, and field 1
  // of Stock too.
  void declare_as_before() {
    pb::Declaration declaration = store_.find("in", 0)->declaration;
    *declaration.mutable_schema() = placed_with(3, F::TYPE_STRING);
    *declaration.mutable_state_schema() = schema_of("millrace.test.Stock");
    declaration.mutable_state_schema()->mutable_message(0)->mutable_field(0)->set_type(
        F::TYPE_STRING);
    ASSERT_TRUE(store_.declare(declaration));
  }

  void append() {
    pb::Record record;
    record.set_at_us(1);
    pb::Change& change = *record.add_change();
    change.set_queue(store_.find("in", 0)->declaration.number());
    change.add_append()->set_payload("message");
    const std::string body = record.SerializeAsString();
    ASSERT_TRUE(store_.apply({.lsn = 1, .place = {}, .shard = 0, .body = body}));
  }

  Store store_;
};

TEST_F(ChangedSchema, IsRefusedWhereMessagesWouldBeReadWrongly) {
  ASSERT_TRUE(plan());
  declare_as_before();
  append();
  const auto planned = plan();
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(planned.error().message.substr(0, 134),
            "queue in holds messages that would be read wrongly: field cents (number 3) of "
            "millrace.test.Placed is int64, and was of string before:");
}

TEST_F(ChangedSchema, IsRefusedWhereStatesWouldBeReadWrongly) {
  ASSERT_TRUE(plan());
  declare_as_before();
  pb::StateChange change;
  change.set_key("k");
  change.set_value("state");
  store_.find("in", 0)->state->durable.keyed.apply(change);
  const auto planned = plan();
  ASSERT_FALSE(planned);
  EXPECT_EQ(planned.error().message.substr(0, 84),
            "queue in keeps states for its keys that would be read wrongly: field left (number 1)");
}

TEST_F(ChangedSchema, IsRecordedOnceWhereNothingIsLeftFromBefore) {
  ASSERT_TRUE(plan());
  declare_as_before();
  const auto planned = plan();
  ASSERT_TRUE(planned) << planned.error().message;
  ASSERT_EQ(planned->fresh.size(), 1u);
  EXPECT_EQ(planned->fresh[0].schema().SerializeAsString(), placed().SerializeAsString());
  EXPECT_TRUE(plan()->fresh.empty());
}

TEST_F(ChangedSchema, IsRecordedOfAQueueFromBeforeSchemas) {
  ASSERT_TRUE(plan());
  append();
  StoredQueue& stored = *store_.find("in", 0);
  stored.declaration.clear_schema();
  queues::declare(*stored.state, stored.declaration);
  const auto planned = plan();
  ASSERT_TRUE(planned) << planned.error().message;
  ASSERT_EQ(planned->fresh.size(), 1u);
  EXPECT_EQ(planned->fresh[0].schema().SerializeAsString(), placed().SerializeAsString());
}

}  // namespace
}  // namespace millrace::test
