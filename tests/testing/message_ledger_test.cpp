// Promise: the ledger of a simulated cluster accepts the records of a sound run, and finds each way in
// which they could break a promise: a message that is lost, repeated, disordered or made up, an effect that
// is not that of a call, a state that a move loses. Records are written by hand.
#include "apps/testing/message_ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/pipeline/pipeline.hpp"
#include "apps/testing/call_book.hpp"
#include "apps/testing/event_trace.hpp"
#include "messages/hash.hpp"
#include "messages/record.pb.h"
#include "messages/snapshot.pb.h"
#include "tests/pipeline/shapes.pb.h"

namespace millrace::cluster_testing {
namespace {

using test::Placed;
using test::Stock;

const auto in = queue<Placed>("in").key_by(&Placed::customer);
const auto out = queue<Placed>("out");

struct Count {
  Placed operator()(const Placed& order, Keyed<Stock>& stock) const {
    stock.change().set_left(stock->left() + 1);
    return order;
  }
};

std::vector<PipelineSpec> pipelines(CallBook& calls) {
  std::vector<PipelineSpec> specs{pipeline("test").from(in).then("count", Count{}).to(out)};
  calls.watch(specs);
  return specs;
}

class Ledger : public ::testing::Test {
 protected:
  Ledger()
      : specs_(pipelines(calls_)),
        stage_(specs_[0].stages[0].make()),
        ledger_({"a", "b"}, specs_, {"in.dead"}, calls_, trace_) {
    for (const std::size_t node : {0u, 1u}) {
      pb::Record record;
      if (node == 0) {
        declare(record, 1, "in");
        declare(record, 2, "out");
      } else {
        declare(record, 2, "outbox/out").mutable_outbox()->set_producer("b/out");
      }
      apply(node, record);
    }
  }

  static pb::Declaration& declare(pb::Record& record, std::uint32_t number, const char* name) {
    pb::Declaration& declaration = *record.add_declare();
    declaration.set_number(number);
    declaration.set_name(name);
    declaration.set_shards(1);
    return declaration;
  }
  static pb::Change& change(pb::Record& record, std::uint32_t queue) {
    pb::Change& change = *record.add_change();
    change.set_queue(queue);
    return change;
  }
  void apply(std::size_t node, const pb::Record& record) {
    ledger_.apply(node, record.SerializeAsString());
  }

  static MessageId id(std::uint64_t number) { return offer_id("a/test/0", number); }
  static pb::Envelope envelope(std::uint64_t number) {
    Placed order;
    order.set_order(std::to_string(number));
    order.set_customer("ada");
    pb::Envelope envelope;
    envelope.set_id_high(id(number).high);
    envelope.set_id_low(id(number).low);
    envelope.set_key("ada");
    envelope.set_payload(order.SerializeAsString());
    return envelope;
  }
  static std::string state(std::int64_t left) {
    Stock stock;
    stock.set_left(left);
    return stock.SerializeAsString();
  }

  void send(std::uint64_t number) { ledger_.sent("in", id(number), envelope(number)); }
  void append(std::uint64_t number, std::size_t node = 0) {
    pb::Record record;
    pb::Change& queue = change(record, 1);
    pb::Produced& produced = *queue.add_produced();
    produced.set_producer("a/test/0");
    produced.set_first(number);
    produced.set_count(1);
    *queue.add_append() = envelope(number);
    apply(node, record);
  }
  void arrive(std::uint64_t number) {
    send(number);
    append(number);
  }
  /// The handler is called with the state that counted `before` messages; 0: with none.
  void call(std::uint64_t number, std::int64_t before) {
    StageRun run;
    run.key = "ada";
    if (before > 0) run.state = std::make_shared<const std::string>(state(before));
    run.inputs.push_back({std::make_shared<const pb::Envelope>(envelope(number)),
                          Context({.id = id(number), .key = "ada"}, "count")});
    stage_->run({&run, 1});
  }
  static pb::Record acked(std::uint64_t number, std::uint64_t sequence, std::int64_t after) {
    pb::Record record;
    pb::Change& source = change(record, 1);
    source.add_ack(sequence);
    pb::StateChange& next = *source.add_state();
    next.set_key("ada");
    next.set_value(state(after));
    pb::Envelope& output = *change(record, 2).add_append();
    output = envelope(number);
    const MessageId output_id_now = output_id(id(number), "count", 0);
    output.set_id_high(output_id_now.high);
    output.set_id_low(output_id_now.low);
    return record;
  }
  /// Node b receives the queue as it is with message 1, and serves it.
  void install_at_b() {
    pb::Record staged;
    declare(staged, 1, "in").set_staged(true);
    apply(1, staged);
    pb::SnapshotPart head;
    head.mutable_head()->set_last(1);
    head.mutable_head()->set_offered(1);
    pb::SnapshotPart part;
    pb::MessageColumns& columns = *part.mutable_messages();
    columns.add_sequence_step(1);
    columns.add_place_step(0);
    columns.add_index(0);
    columns.add_bytes(1);
    columns.add_flags(0);
    for (const pb::SnapshotPart& each : {head, part}) {
      pb::Record record;
      pb::Install& install = *change(record, 1).mutable_install();
      install.set_part(each.SerializeAsString());
      if (each.has_messages()) *install.add_body() = envelope(1);
      apply(1, record);
    }
    pb::Record served;
    declare(served, 1, "in");
    apply(1, served);
  }
  void expect_violation(const std::string& text) {
    EXPECT_NE(ledger_.violation().find(text), std::string::npos) << ledger_.violation();
  }

  CallBook calls_;
  EventTrace trace_{10};
  std::vector<PipelineSpec> specs_;
  std::unique_ptr<Stage> stage_;
  MessageLedger ledger_;
};

TEST_F(Ledger, AcceptsASoundRun) {
  arrive(1);
  arrive(2);
  ledger_.confirmed("in", id(1));
  EXPECT_FALSE(ledger_.is_at_rest());
  call(1, 0);
  call(1, 0);  // its lease ended meanwhile
  apply(0, acked(1, 1, 1));
  call(2, 1);
  apply(0, acked(2, 2, 2));
  EXPECT_TRUE(ledger_.is_at_rest());
  ledger_.check_end();
  EXPECT_EQ(ledger_.violation(), "");
  EXPECT_EQ(ledger_.handled_total(), 2u);
  EXPECT_EQ(ledger_.state<Stock>("in", "ada")->left(), 2);
  EXPECT_EQ(ledger_.waiting(out).size(), 2u);
}

TEST_F(Ledger, FindsAConfirmedMessageThatIsInNoLog) {
  send(1);
  ledger_.confirmed("in", id(1));
  expect_violation("lost: message 1 that was sent, to queue in, was confirmed and is in no log");
}

TEST_F(Ledger, FindsAMessageThatNeverArrives) {
  send(1);
  ledger_.check_end();
  expect_violation("lost: message 1 that was sent");
}

TEST_F(Ledger, FindsAMessageThatIsLostBetweenNodes) {
  arrive(1);
  install_at_b();
  call(1, 0);
  apply(1, acked(1, 1, 1));
  EXPECT_EQ(ledger_.violation(), "");
  pb::Record handed_over;
  change(handed_over, 2).add_ack(1);
  apply(1, handed_over);
  expect_violation("lost: node b has handed over message {order: \"1\"");
}

TEST_F(Ledger, FindsAMessageThatIsAppendedTwice) {
  arrive(1);
  pb::Record record;
  *change(record, 1).add_append() = envelope(1);
  apply(0, record);
  expect_violation("repeated: node a appends message {order: \"1\" customer: \"ada\"} key \"ada\"");
}

TEST_F(Ledger, FindsAMessageThatTakesEffectAtTwoNodes) {
  arrive(1);
  install_at_b();
  EXPECT_EQ(ledger_.violation(), "");
  call(1, 0);
  apply(1, acked(1, 1, 1));
  EXPECT_EQ(ledger_.violation(), "");
  call(1, 0);
  apply(0, acked(1, 1, 1));
  expect_violation("repeated: node a handles message");
}

TEST_F(Ledger, FindsTwoNodesThatServeAQueue) {
  arrive(1);
  install_at_b();
  ledger_.check_logs();
  expect_violation("ownership: node b: queue in, shard 0 is served here and in node a");
}

TEST_F(Ledger, FindsMessagesOfAKeyOutOfOrder) {
  arrive(1);
  arrive(2);
  call(2, 0);
  apply(0, acked(2, 2, 1));
  EXPECT_EQ(ledger_.violation(), "");
  call(1, 1);
  apply(0, acked(1, 1, 2));
  expect_violation("disordered: message {order: \"1\"");
}

TEST_F(Ledger, FindsOutputsOutOfOrder) {
  const std::vector<PipelineSpec> two{
      pipeline("test").from(in).then("count", Count{}).to(out),
      pipeline("next").from(queue<Placed>("out")).then("end", [](const Placed& /*order*/) {})};
  const CallBook none;  // no calls are compared
  MessageLedger ledger({"a"}, two, {"in.dead", "out.dead"}, none, trace_);
  const auto apply_to = [&ledger](const pb::Record& record) {
    ledger.apply(0, record.SerializeAsString());
  };
  pb::Record first;
  declare(first, 1, "in");
  declare(first, 2, "out");
  apply_to(first);
  for (const std::uint64_t number : {1u, 2u}) {
    ledger.sent("in", id(number), envelope(number));
    pb::Record record;
    *change(record, 1).add_append() = envelope(number);
    apply_to(record);
    apply_to(acked(number, number, 1));
  }
  for (const std::uint64_t sequence : {2u, 1u}) {
    pb::Record record;
    change(record, 2).add_ack(sequence);
    apply_to(record);
  }
  EXPECT_NE(ledger.violation().find("disordered: message {order: \"1\""), std::string::npos)
      << ledger.violation();
}

TEST_F(Ledger, FindsAnEffectWithoutACall) {
  arrive(1);
  apply(0, acked(1, 1, 1));
  expect_violation("is not that of a call: its handler was never called");
}

TEST_F(Ledger, FindsAnOutputThatIsMissing) {
  arrive(1);
  call(1, 0);
  pb::Record record = acked(1, 1, 1);
  record.mutable_change()->RemoveLast();
  apply(0, record);
  expect_violation("its outputs are not those that a call of the handler returned");
}

TEST_F(Ledger, FindsAnOutputThatIsAnother) {
  arrive(1);
  call(1, 0);
  pb::Record record = acked(1, 1, 1);
  record.mutable_change(1)->mutable_append(0)->set_payload(Placed().SerializeAsString());
  apply(0, record);
  expect_violation("its outputs are not those that a call of the handler returned");
}

TEST_F(Ledger, FindsAMessageThatCameFromNowhere) {
  append(1);
  expect_violation("unexpected: message {order: \"1\"");
}

TEST_F(Ledger, FindsAHandlerThatSawAnOldState) {
  arrive(1);
  arrive(2);
  call(1, 0);
  call(2, 0);
  apply(0, acked(1, 1, 1));
  apply(0, acked(2, 2, 1));
  expect_violation("the handler saw another state than the one that was durable before");
}

TEST_F(Ledger, FindsAStateThatAMoveLost) {
  arrive(1);
  call(1, 0);
  apply(0, acked(1, 1, 1));
  pb::Record moved;
  moved.add_retire(1);
  apply(0, moved);
  pb::Record anew;
  declare(anew, 3, "in");
  apply(0, anew);
  ledger_.check_end();
  expect_violation("queue in, key \"ada\": the node that serves it has not the state");
}

TEST_F(Ledger, FindsARecordThatMakesNoSense) {
  pb::Record record;
  change(record, 1).add_ack(7);
  apply(0, record);
  expect_violation("record 2 of a: queue in, shard 0: message 7 is acked, and was never appended");
}

TEST_F(Ledger, FindsWorkThatIsNeverDone) {
  arrive(1);
  ledger_.check_end();
  expect_violation(
      "not at rest: message {order: \"1\" customer: \"ada\"} key \"ada\" of queue in "
      "still waits for stage count");
}

}  // namespace
}  // namespace millrace::cluster_testing
