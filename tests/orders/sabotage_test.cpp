// Whole runs in which a stage or the runtime sometimes breaks a promise. The audit must report the
// invariant that this breaks; the rest of the run is in order.
#include <set>

#include <gtest/gtest.h>

#include "apps/orders/chance.hpp"
#include "tests/orders/workflow_run.hpp"

namespace millrace::orders {
namespace {

using testing::run_workflow;
using testing::WorkflowOptions;

constexpr std::uint64_t seed = 5;

bool is_chosen(const std::string& order) {
  return Chance(seed, "sabotage", order).below(20) == 0;
}

template <class T>
T parse(const std::string& bytes) {
  T message;
  EXPECT_TRUE(message.ParseFromString(bytes));
  return message;
}

std::set<std::string> broken_in(WorkflowOptions options) {
  options.seed = seed;
  std::set<std::string> names;
  const auto report = run_workflow(options).audit();
  for (const auto& invariant : report.invariants) {
    if (!invariant.held) names.insert(invariant.name);
  }
  return names;
}

/// Options that apply `change` to each result of the stage that reads `queue`.
template <class Message>
WorkflowOptions spoiling(const std::string& queue,
                         std::function<void(const Message&, StageRun&, StageResult&)> change) {
  WorkflowOptions options;
  options.sabotage.spoil = [=](const std::string& name, StageRun& run) {
    if (name != queue) return;
    for (std::size_t i = 0; i < run.inputs.size(); ++i) {
      change(parse<Message>(run.inputs[i].envelope->payload()), run, run.results[i]);
    }
  };
  return options;
}

TEST(Sabotage, ADroppedNotificationIsFound) {
  const auto broken = broken_in(spoiling<Notification>(
      "orders.notifications", [](const Notification& message, StageRun&, StageResult& result) {
        if (is_chosen(message.order_id())) result.history.clear();
      }));
  EXPECT_EQ(broken, (std::set<std::string>{"I12"}));
}

TEST(Sabotage, AReleaseThatIsAnsweredButNotExecutedIsFound) {
  const auto broken = broken_in(spoiling<StockRequest>(
      "stock.requests", [](const StockRequest& message, StageRun& run, StageResult& result) {
        if (message.verb() != RELEASE || run.inputs.size() > 1) return;
        result.history.clear();
        run.next_state.reset();
      }));
  EXPECT_TRUE(broken.contains("I2"));
  EXPECT_TRUE(broken.contains("I3"));
}

TEST(Sabotage, AnOrderAcceptedAgainIsFound) {
  const auto broken = broken_in(spoiling<OrderPlaced>(
      "orders.placed",
      [](const OrderPlaced&, StageRun& run, StageResult&) { run.next_state.reset(); }));
  EXPECT_TRUE(broken.contains("I10"));
}

TEST(Sabotage, AShipmentOfOtherQuantitiesIsFound) {
  const auto broken = broken_in(spoiling<ShipmentRequest>(
      "shipping.requests", [](const ShipmentRequest& message, StageRun&, StageResult& result) {
        if (!is_chosen(message.order_id())) return;
        for (std::string& entry : result.history) {
          auto effect = parse<ShipmentEffect>(entry);
          if (effect.kind() != ShipmentEffect::CREATED) continue;
          effect.mutable_lines(0)->set_quantity(effect.lines(0).quantity() + 1);
          entry = effect.SerializeAsString();
        }
      }));
  EXPECT_EQ(broken, (std::set<std::string>{"I6"}));
}

TEST(Sabotage, AnOrderThatLosesALineBeforeTheSagaIsFound) {
  const auto broken = broken_in(spoiling<OrderPlaced>(
      "orders.placed", [](const OrderPlaced&, StageRun&, StageResult& result) {
        for (StageOutput& output : result.outputs) {
          auto event = parse<OrderEvent>(output.payload);
          OrderPlaced& order = *event.mutable_placed()->mutable_order();
          if (!is_chosen(event.order_id()) || order.lines_size() < 2) continue;
          order.mutable_lines()->RemoveLast();
          output.payload = event.SerializeAsString();
        }
      }));
  EXPECT_EQ(broken, (std::set<std::string>{"I5", "I6", "I7"}));
}

TEST(Sabotage, SwappedMessagesOfAKeyAreFound) {
  WorkflowOptions options;
  options.sabotage.swap = 0.02;
  EXPECT_TRUE(broken_in(options).contains("I11"));
}

/// Uses a new call id for each capture, so that a repeated request captures the money again.
class ForgetfulCaller : public Gateway {
 public:
  explicit ForgetfulCaller(std::shared_ptr<Gateway> gateway) : gateway_(std::move(gateway)) {}

  std::vector<GatewayAnswer> call(std::span<const GatewayCall> calls) override {
    std::vector<GatewayCall> renamed(calls.begin(), calls.end());
    for (GatewayCall& call : renamed) {
      if (call.operation == GatewayOperation::capture) call.call_id += std::to_string(++number_);
    }
    auto answers = gateway_->call(renamed);
    for (GatewayAnswer& answer : answers) {
      for (std::size_t i = 0; i < calls.size(); ++i) {
        if (answer.call_id == renamed[i].call_id) answer.call_id = calls[i].call_id;
      }
    }
    return answers;
  }

 private:
  std::shared_ptr<Gateway> gateway_;
  std::uint64_t number_ = 0;
};

TEST(Sabotage, ADuplicateCaptureIsFound) {
  WorkflowOptions options;
  options.gateway_faults = 0.2;
  options.wrap_gateway = [](std::shared_ptr<Gateway> gateway) {
    return std::make_shared<ForgetfulCaller>(std::move(gateway));
  };
  EXPECT_EQ(broken_in(options), (std::set<std::string>{"I4"}));
}

}  // namespace
}  // namespace millrace::orders
