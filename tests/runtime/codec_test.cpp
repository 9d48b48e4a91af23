// Promise: a type with a Codec is a message like any other: in queues, batches, states, histories and timers; what is
// none of it becomes a dead letter that says why.
#include <chrono>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "actors/pipeline/pipeline.hpp"
#include "actors/testing/pipeline_test.hpp"
#include "messages/values.pb.h"

namespace shop {

struct Order {
  std::string id;
  std::string customer;
  int cents = 0;
};

struct Paid {
  std::string id;
  int cents = 0;
};

/// Of a customer.
struct Account {
  int orders = 0;
  int cents = 0;
};

}  // namespace shop

template <>
struct millrace::Codec<shop::Order> {
  using Wire = millrace::Json;
  static Wire encode(const shop::Order& order) {
    Wire wire;
    wire.set_text(
        nlohmann::json{{"id", order.id}, {"customer", order.customer}, {"cents", order.cents}}
            .dump());
    return wire;
  }
  static shop::Order decode(const Wire& wire) {
    const auto said = nlohmann::json::parse(wire.text());
    shop::Order order{said.at("id"), said.at("customer"), said.at("cents")};
    if (order.cents < 0) throw std::out_of_range("cents: expected 0 or more");
    return order;
  }
};

template <>
struct millrace::Codec<shop::Paid> {
  using Wire = millrace::Bytes;
  static Wire encode(const shop::Paid& paid) {
    if (paid.cents == 13) throw std::domain_error("13 has no bytes");
    Wire wire;
    wire.set_value(paid.id + '/' + std::to_string(paid.cents));
    return wire;
  }
  static shop::Paid decode(const Wire& wire) {
    const std::size_t slash = wire.value().find('/');
    return {wire.value().substr(0, slash), std::stoi(wire.value().substr(slash + 1))};
  }
};

template <>
struct millrace::Codec<shop::Account> {
  using Wire = millrace::Bytes;
  static Wire encode(const shop::Account& account) {
    Wire wire;
    wire.set_value(std::to_string(account.orders) + '/' + std::to_string(account.cents));
    return wire;
  }
  static shop::Account decode(const Wire& wire) {
    const std::size_t slash = wire.value().find('/');
    return {std::stoi(wire.value()), std::stoi(wire.value().substr(slash + 1))};
  }
};

namespace millrace {
namespace {

using shop::Account;
using shop::Order;
using shop::Paid;

const auto placed = queue<Order>("placed").key_by(&Order::customer);
const auto paid = queue<Paid>("paid").key_by(&Paid::id);
const auto log = queue<Order>("log");

struct Pay {
  Paid operator()(const Order& order, Keyed<Account, Order>& account) const {
    if (order.id == "throws") throw std::runtime_error("no");
    account.change().orders += 1;
    account.change().cents += order.cents;
    account.record(order);
    if (order.id == "again") {
      account.set_timer("later", std::chrono::minutes(1), Order{"later", order.customer, 1});
    }
    return {order.id, order.cents};
  }
};

std::vector<std::string> reasons(PipelineTest& test, const std::string& queue) {
  std::vector<std::string> found;
  for (const MessageView& message : test.messages(queue)) {
    found.push_back(message.envelope.dead_letter().reason());
  }
  return found;
}

TEST(Codec, CarriesMessagesStatesAndTimers) {
  PipelineTest test({pipeline("shop").from(placed).then<Pay>("pay").to(paid)});
  test.send(placed, {"o1", "ann", 5});
  test.send(placed, {"again", "ann", 7});
  test.run();
  test.crash();
  test.advance(std::chrono::minutes(2));
  const std::vector<Paid> done = test.peek(paid);
  ASSERT_EQ(done.size(), 3u);
  int cents = 0;
  for (const Paid& each : done) cents += each.cents;
  EXPECT_EQ(cents, 13);
  const auto account = test.state<Account>("placed", "ann");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->orders, 3);
  EXPECT_EQ(account->cents, 13);
  // On the wire it is what Wire is, under the key that the queue takes from a Paid.
  for (const MessageView& message : test.messages("paid")) {
    Bytes wire;
    ASSERT_TRUE(wire.ParseFromString(message.envelope.payload()));
    EXPECT_EQ(message.envelope.key() + '/', wire.value().substr(0, wire.value().find('/') + 1));
  }
}

TEST(Codec, SaysWhyAMessageIsNone) {
  PipelineTest test({pipeline("shop").from(placed).then<Pay>("pay").to(paid)});
  const auto raw = queue<Json>("placed").key_by([](const Json&) { return std::string("ann"); });
  Json none;
  none.set_text(R"({"id": "x", "customer": "ann", "cents": -1})");
  test.send(raw, none);
  none.set_text("[]");
  test.send(raw, none);
  test.run();
  const std::vector<std::string> said = reasons(test, "placed.dead");
  ASSERT_EQ(said.size(), 2u);
  EXPECT_EQ(said[0], "the payload is not what its codec reads: cents: expected 0 or more");
  EXPECT_NE(said[1].find("the payload is not what its codec reads: "), std::string::npos)
      << said[1];
  EXPECT_TRUE(test.messages("paid").empty());
}

TEST(Codec, ThatThrowsForAResultFailsTheHandling) {
  StageOptions once;
  once.retry.attempts = 1;
  PipelineTest test({pipeline("shop").from(placed).then<Pay>("pay", once).to(paid)});
  test.send(placed, {"o1", "ann", 13});
  test.run();
  ASSERT_EQ(reasons(test, "placed.dead"), std::vector<std::string>{"13 has no bytes"});
  EXPECT_FALSE(test.state<Account>("placed", "ann"));
}

struct PayAll {
  std::vector<Outcome<Paid>> operator()(Batch<Order> orders) const {
    std::vector<Outcome<Paid>> done;
    for (const auto& order : orders) done.push_back(Paid{order.message.id, order.message.cents});
    return done;
  }
};

struct Spread {
  Routed operator()(const Paid& one) const {
    Routed out;
    out.to(log, Order{one.id, "log", one.cents});
    return out;
  }
};

struct PayLater {
  Pending<Order> operator()(const Order& order) const {
    Promise<Order> promise;
    promise.set(order);
    return promise.pending();
  }
};

TEST(Codec, GoesThroughBatchesRoutesAndPendings) {
  PipelineTest test({pipeline("shop")
                         .from(placed)
                         .then_batch<PayAll>("pay")
                         .to(paid)
                         .from(paid)
                         .then<Spread>("spread")
                         .to(log)
                         .from(log)
                         .then<PayLater>("later")
                         .to(queue<Order>("end"))});
  for (int i = 0; i < 5; ++i)
    test.send(placed, {"o" + std::to_string(i), "c" + std::to_string(i), i});
  test.run();
  int cents = 0;
  for (const Order& order : test.peek(queue<Order>("end"))) {
    EXPECT_EQ(order.customer, "log");
    cents += order.cents;
  }
  EXPECT_EQ(cents, 10);
}

}  // namespace
}  // namespace millrace
