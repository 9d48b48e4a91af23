#include <cstdint>

#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"
#include "messages/topic.pb.h"
#include "tests/golden/golden_cases.hpp"

namespace millrace {
namespace {

constexpr std::int64_t day_us = 86'400'000'000;

// A record with one change of one topic, which `fill` fills.
template <class Fill>
GoldenCase topic_change(const std::string& name, Fill fill) {
  auto record = std::make_shared<pb::Record>();
  record->set_at_us(1'700'000'000'000'000);
  pb::Change& change = *record->add_change();
  change.set_queue(3);
  pb::TopicChange& topic = *change.add_topic();
  topic.set_name("orders");
  fill(change, topic);
  return {"record_topic_" + name, record};
}

template <class Fill>
GoldenCase group_change(const std::string& name, Fill fill) {
  return topic_change(name, [&](pb::Change&, pb::TopicChange& topic) {
    pb::GroupChange& group = *topic.add_group();
    group.set_group("billing");
    fill(group);
  });
}

GoldenCase snapshot_part() {
  auto part = std::make_shared<pb::SnapshotPart>();
  pb::TopicPart& topic = *part->mutable_topic();
  topic.set_name("orders");
  topic.mutable_options()->set_retention_us(day_us);
  topic.set_start(3);
  topic.set_next(9);
  topic.set_continues(true);
  pb::TopicPart::Group& group = *topic.add_group();
  group.set_name("billing");
  group.set_committed(-1);
  group.set_held_from(4);
  group.set_metadata("host-7");
  group.set_active_age_us(5);
  group.set_permanent(true);
  pb::TopicPart::Producer& producer = *topic.add_producer();
  producer.set_id(7'000'000'000);
  producer.set_epoch(2);
  producer.set_next_sequence(6);
  producer.set_active_age_us(8);
  pb::TopicPart::Recent& recent = *producer.add_recent();
  recent.set_sequence(4);
  recent.set_count(2);
  recent.set_base_offset(7);
  for (const int step : {300, 1}) {
    topic.add_sequence_step(static_cast<std::uint64_t>(step));
    topic.add_base_step(3);
    topic.add_count(3);
    topic.add_timestamp_step(-step);
    topic.add_age_step(step);
    topic.add_bytes(400);
  }
  return {"snapshot_topic", part};
}

template <class Fill>
GoldenCase call(const std::string& name, Fill fill) {
  auto calls = std::make_shared<pb::TopicCalls>();
  pb::TopicCall& one = *calls->add_call();
  one.set_queue("kafka.topics");
  one.set_shard(5);
  fill(one);
  return {"topic_call_" + name, calls};
}

GoldenCase answer() {
  auto answers = std::make_shared<pb::TopicCallAnswers>();
  pb::TopicCallAnswer::Topic& topic = *answers->add_answer()->add_topic();
  topic.set_name("orders");
  topic.mutable_options()->set_retention_us(day_us);
  topic.set_start(3);
  topic.set_next(9);
  topic.set_bytes(1'200);
  pb::TopicCallAnswer::Group& group = *topic.add_group();
  group.set_name("billing");
  group.set_committed(4);
  group.set_metadata("host-7");
  group.set_permanent(true);
  pb::TopicCallAnswer& refused = *answers->add_answer();
  refused.set_code(2);
  refused.set_text("no such topic");
  return {"topic_call_answer", answers};
}

GoldenCase found_answer() {
  auto answers = std::make_shared<pb::TopicCallAnswers>();
  pb::TopicCallAnswer::Found& found = *answers->add_answer()->mutable_found();
  found.set_offset(7);
  found.set_timestamp_ms(1'700'000'000'000);
  return {"topic_call_found", answers};
}

template <class Fill>
GoldenCase group_call(const std::string& name, Fill fill) {
  auto asked = std::make_shared<pb::GroupCall>();
  fill(*asked);
  return {"group_call_" + name, asked};
}

GoldenCase group_answer() {
  auto described = std::make_shared<pb::GroupCallAnswer>();
  pb::GroupCallAnswer::Group& group = *described->add_group();
  group.set_state("Stable");
  group.set_protocol("range");
  pb::GroupCallAnswer::Member& member = *group.add_member();
  member.set_id("client-1");
  member.set_instance("host-7");
  member.set_client_id("client");
  member.set_host("10.0.0.7");
  pb::GroupCallAnswer::Assigned& assigned = *member.add_assigned();
  assigned.set_topic("orders");
  assigned.add_partition(0);
  assigned.add_partition(5);
  return {"group_call_answer", described};
}

}  // namespace

std::vector<GoldenCase> golden_topic_cases() {
  auto declared = std::make_shared<pb::Record>();
  pb::Declaration& declaration = *declared->add_declare();
  declaration.set_number(3);
  declaration.set_name("kafka.topics");
  declaration.set_topics(true);
  return {
      {"record_declare_topics", declared},
      topic_change("options",
                   [](pb::Change&, pb::TopicChange& topic) {
                     topic.mutable_options()->set_retention_us(day_us);
                   }),
      topic_change("append",
                   [](pb::Change& change, pb::TopicChange& topic) {
                     change.add_append()->set_records(3);
                     pb::TopicAppend& append = *topic.add_append();
                     append.set_index(1);
                     append.set_timestamp_ms(1'700'000'000'000);
                     append.set_producer(-1);
                     append.set_epoch(2);
                     append.set_sequence(6);
                   }),
      topic_change("trim",
                   [](pb::Change& change, pb::TopicChange& topic) {
                     change.add_ack(300);
                     topic.set_start(9);
                     topic.add_forget_producer(7'000'000'000);
                   }),
      topic_change("removing",
                   [](pb::Change&, pb::TopicChange& topic) { topic.set_removing(true); }),
      topic_change("remove", [](pb::Change&, pb::TopicChange& topic) { topic.set_remove(true); }),
      group_change("subscribe",
                   [](pb::GroupChange& group) {
                     group.set_subscribe(true);
                     group.set_permanent(true);
                   }),
      group_change("commit",
                   [](pb::GroupChange& group) {
                     group.set_commit(4);
                     group.set_metadata("host-7");
                   }),
      group_change("forget", [](pb::GroupChange& group) { group.set_forget(true); }),
      snapshot_part(),
      call("make",
           [](pb::TopicCall& one) {
             one.mutable_make()->set_topic("orders");
             one.mutable_make()->mutable_options()->set_retention_us(day_us);
             one.mutable_make()->set_updates(true);
           }),
      call("remove", [](pb::TopicCall& one) { one.mutable_remove()->set_topic("orders"); }),
      call("join",
           [](pb::TopicCall& one) {
             one.mutable_join()->set_topic("orders");
             one.mutable_join()->set_group("billing");
             one.mutable_join()->set_permanent(true);
           }),
      call("commit",
           [](pb::TopicCall& one) {
             one.mutable_commit()->set_topic("orders");
             one.mutable_commit()->set_group("billing");
             one.mutable_commit()->set_offset(4);
             one.mutable_commit()->set_metadata("host-7");
           }),
      call("describe",
           [](pb::TopicCall& one) {
             one.mutable_describe()->set_topic("orders");
             one.mutable_describe()->set_group("billing");
             one.mutable_describe()->set_names_only(true);
           }),
      call("leave",
           [](pb::TopicCall& one) {
             one.mutable_leave()->set_topic("orders");
             one.mutable_leave()->set_group("billing");
           }),
      call("find_time",
           [](pb::TopicCall& one) {
             one.mutable_find_time()->set_topic("orders");
             one.mutable_find_time()->set_timestamp_ms(1'700'000'000'000);
           }),
      answer(),
      found_answer(),
      group_call("describe",
                 [](pb::GroupCall& asked) { asked.mutable_describe()->add_group("billing"); }),
      group_call("reset",
                 [](pb::GroupCall& asked) {
                   asked.mutable_reset()->set_group("billing");
                   asked.mutable_reset()->set_forced(true);
                   pb::GroupCall::Position& position = *asked.mutable_reset()->add_position();
                   position.set_topic("orders");
                   position.set_partition(5);
                   position.set_offset(4);
                 }),
      group_call("remove",
                 [](pb::GroupCall& asked) {
                   asked.mutable_remove()->set_group("billing");
                   asked.mutable_remove()->set_forced(true);
                 }),
      group_answer(),
  };
}

}  // namespace millrace
