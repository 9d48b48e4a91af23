// Payments: each operation has one call id, the first answer is repeated, and a request that the
// gateway did not settle is retried.
#include <deque>

#include <gtest/gtest.h>

#include "apps/orders/stages/pay.hpp"
#include "tests/orders/handler_fixture.hpp"

namespace millrace::orders {
namespace {

using testing::context_at;
using testing::KeyStore;

/// Answers with `script`, then with `done`; records the ids of the calls.
class ScriptedGateway : public Gateway {
 public:
  std::vector<GatewayAnswer> call(std::span<const GatewayCall> calls) override {
    std::vector<GatewayAnswer> answers;
    for (const GatewayCall& call : calls) {
      asked.push_back(call.call_id);
      const GatewayResult result = script.empty() ? GatewayResult::done : script.front();
      if (!script.empty()) script.pop_front();
      // In reverse, because a gateway may answer in any order.
      answers.insert(answers.begin(), {call.call_id, result});
      if (answers_twice) answers.push_back({call.call_id, result});
    }
    if (is_silent) answers.clear();
    return answers;
  }

  std::deque<GatewayResult> script;
  std::vector<std::string> asked;
  bool answers_twice = false;
  bool is_silent = false;
};

class PaymentsTest : public ::testing::Test {
 protected:
  void settle(std::uint64_t charge = 0) {
    EXPECT_TRUE(run(request(SETTLE, 0, charge)).outputs()->empty());
  }

  static PaymentRequest request(PaymentVerb verb, std::int64_t amount = 700,
                                std::uint64_t charge = 0) {
    PaymentRequest request;
    request.set_customer_id("c1");
    request.set_order_id("o1");
    request.set_verb(verb);
    request.set_amount_minor(amount);
    request.set_currency("EUR");
    request.set_charge(charge);
    return request;
  }

  /// Handles one request; commits the state if the outcome is an ack.
  Outcome<OrderEvent> run(const PaymentRequest& message) {
    auto keyed = store_.open<PaymentRequest>();
    const Context context = context_at();
    const std::vector<BatchItem<PaymentRequest, Account>> batch{{message, keyed, context}};
    auto outcomes = handler_(batch);
    EXPECT_EQ(outcomes.size(), 1u);
    if (outcomes[0].is_done()) store_.commit(keyed);
    return outcomes[0];
  }

  PaymentAnswer ask(PaymentVerb verb, std::int64_t amount = 700) {
    const auto outcome = run(request(verb, amount));
    EXPECT_TRUE(outcome.is_done());
    return outcome.outputs()->at(0).payment();
  }

  [[nodiscard]] std::vector<PaymentEffect::Kind> effects() const {
    std::vector<PaymentEffect::Kind> kinds;
    for (const auto& effect : store_.history<PaymentEffect>()) kinds.push_back(effect.kind());
    return kinds;
  }

  using Kinds = std::vector<PaymentEffect::Kind>;
  std::shared_ptr<ScriptedGateway> gateway_ = std::make_shared<ScriptedGateway>();
  Pay handler_{gateway_, CreditPlan{.seed = 1, .limit_minor = 1'000, .poor_rate = 0}};
  KeyStore<Account> store_{"c1"};
};

TEST_F(PaymentsTest, AChargeIsHeldCapturedAndClosed) {
  EXPECT_FALSE(ask(AUTHORISE).declined());
  EXPECT_EQ(store_.state().held_minor(), 700);
  EXPECT_FALSE(ask(CAPTURE).declined());
  settle();
  EXPECT_EQ(store_.state().held_minor(), 0);
  EXPECT_EQ(store_.state().charges_size(), 0);
  EXPECT_EQ(effects(), (Kinds{PaymentEffect::OPENED, PaymentEffect::AUTHORISED,
                              PaymentEffect::CAPTURED, PaymentEffect::SETTLED}));
}

TEST_F(PaymentsTest, RepeatedRequestsGetTheFirstAnswerWithoutTheGateway) {
  const auto first = ask(AUTHORISE).SerializeAsString();
  EXPECT_EQ(ask(AUTHORISE).SerializeAsString(), first);
  ask(CAPTURE);
  EXPECT_EQ(ask(AUTHORISE).SerializeAsString(), first);
  EXPECT_FALSE(ask(CAPTURE).declined());
  ask(REFUND);
  ask(REFUND);
  EXPECT_EQ(gateway_->asked, (std::vector<std::string>{"o1/authorise", "o1/capture", "o1/refund"}));
  EXPECT_EQ(effects(), (Kinds{PaymentEffect::OPENED, PaymentEffect::AUTHORISED,
                              PaymentEffect::CAPTURED, PaymentEffect::REFUNDED}));
}

TEST_F(PaymentsTest, ARequestAboveTheCreditLimitStaysDeclined) {
  EXPECT_TRUE(ask(AUTHORISE, 1'001).declined());
  EXPECT_TRUE(ask(AUTHORISE, 10).declined()) << "the first answer is repeated";
  EXPECT_TRUE(gateway_->asked.empty());
  settle();
  EXPECT_FALSE(ask(AUTHORISE, 1'000).declined());
}

TEST_F(PaymentsTest, AnUnsettledRequestIsRetriedWithTheSameCallId) {
  gateway_->script = {GatewayResult::failed, GatewayResult::unknown};
  EXPECT_TRUE(run(request(AUTHORISE)).retry());
  EXPECT_TRUE(run(request(AUTHORISE)).retry());
  gateway_->is_silent = true;
  EXPECT_TRUE(run(request(AUTHORISE)).retry());
  gateway_->is_silent = false;
  EXPECT_FALSE(ask(AUTHORISE).declined());
  EXPECT_EQ(gateway_->asked, std::vector<std::string>(4, "o1/authorise"));
  EXPECT_EQ(effects(), (Kinds{PaymentEffect::OPENED, PaymentEffect::AUTHORISED}));
}

TEST_F(PaymentsTest, ADuplicateAnswerCountsOnce) {
  gateway_->answers_twice = true;
  ask(AUTHORISE);
  EXPECT_EQ(store_.state().held_minor(), 700);
}

TEST_F(PaymentsTest, ADeclinedCaptureReleasesTheHold) {
  ask(AUTHORISE);
  gateway_->script = {GatewayResult::declined};
  EXPECT_TRUE(ask(CAPTURE).declined());
  EXPECT_EQ(store_.state().held_minor(), 0);
}

TEST_F(PaymentsTest, ARefundWithoutAChargeCallsTheGatewayAndPreventsALateAuthorisation) {
  ask(REFUND);
  EXPECT_EQ(gateway_->asked, (std::vector<std::string>{"o1/refund"}));
  EXPECT_TRUE(ask(AUTHORISE).declined());
  EXPECT_EQ(store_.state().held_minor(), 0);
}

TEST_F(PaymentsTest, CaptureWithoutAnAuthorisationIsDeclined) {
  EXPECT_TRUE(ask(CAPTURE).declined());
  EXPECT_TRUE(gateway_->asked.empty());
}

TEST_F(PaymentsTest, SettlingAChargeDoesNotAffectAnother) {
  const std::uint64_t number = ask(AUTHORISE).charge();
  settle(number + 1);
  EXPECT_EQ(store_.state().charges_size(), 1);
  settle(number);
  EXPECT_EQ(store_.state().charges_size(), 0);
  EXPECT_EQ(store_.state().held_minor(), 0);
}

TEST_F(PaymentsTest, ARequestInAnotherCurrencyIsDeclined) {
  ask(AUTHORISE, 1);
  settle();
  PaymentRequest other = request(AUTHORISE);
  other.set_currency("USD");
  EXPECT_TRUE(run(other).outputs()->at(0).payment().declined());
}

TEST_F(PaymentsTest, EachItemOfABatchHasItsOwnOutcome) {
  const PaymentRequest first = request(AUTHORISE);
  PaymentRequest second = request(AUTHORISE);
  second.set_order_id("o2");
  PaymentRequest nonsense = request(PAYMENT_VERB_UNKNOWN);
  KeyStore<Account> store2("c2");
  KeyStore<Account> store3("c3");
  auto keyed1 = store_.open<PaymentRequest>();
  auto keyed2 = store2.open<PaymentRequest>();
  auto keyed3 = store3.open<PaymentRequest>();
  const Context context = context_at();
  const std::vector<BatchItem<PaymentRequest, Account>> batch{
      {first, keyed1, context}, {second, keyed2, context}, {nonsense, keyed3, context}};
  gateway_->script = {GatewayResult::declined, GatewayResult::failed};
  const auto outcomes = handler_(batch);
  ASSERT_EQ(outcomes.size(), 3u);
  EXPECT_TRUE(outcomes[0].outputs()->at(0).payment().declined());
  EXPECT_TRUE(outcomes[1].retry());
  EXPECT_TRUE(outcomes[2].reject());
}

}  // namespace
}  // namespace millrace::orders
