// Stock: no piece is reserved twice, and a repeated request gets the first answer.
#include "apps/orders/stages/stock.hpp"

#include <gtest/gtest.h>

#include "tests/orders/handler_fixture.hpp"

namespace millrace::orders {
namespace {

using testing::KeyStore;

class StockTest : public ::testing::Test {
 protected:
  StockAnswer ask(StockVerb verb, const std::string& order, std::uint32_t quantity = 0,
                  std::uint64_t reservation = 0) {
    StockRequest request;
    request.set_sku("s7");
    request.set_order_id(order);
    request.set_line(3);
    request.set_verb(verb);
    request.set_quantity(quantity);
    request.set_reservation(reservation);
    auto keyed = store_.open();
    const auto outcome = handler_(request, keyed);
    store_.commit(keyed);
    return outcome.outputs()->at(0).stock();
  }

  [[nodiscard]] std::int64_t free() const {
    return store_.state().on_hand() - store_.state().reserved();
  }

  std::shared_ptr<const StockPlan> plan_ = std::make_shared<StockPlan>(
      StockPlan::Options{.seed = 1, .skus = 10, .orders = 10, .scarce_in = 0, .scarce_percent = 0});
  ReserveStock handler_{plan_};
  KeyStore<Stock> store_{"s7"};
};

TEST_F(StockTest, ConfirmedPiecesLeaveAndReleasedOnesReturn) {
  const std::int64_t initial = plan_->initial("s7");
  EXPECT_FALSE(ask(RESERVE, "a", 2).refused());
  EXPECT_FALSE(ask(RESERVE, "b", 5).refused());
  EXPECT_EQ(free(), initial - 7);
  ask(CONFIRM, "a");
  ask(RELEASE, "b");
  EXPECT_EQ(store_.state().on_hand(), initial - 2);
  EXPECT_EQ(store_.state().reserved(), 0);
  EXPECT_EQ(store_.state().open_line_size(), 0);
  std::vector<StockEffect::Kind> kinds;
  for (const auto& effect : store_.history<StockEffect>()) kinds.push_back(effect.kind());
  EXPECT_EQ(kinds, (std::vector<StockEffect::Kind>{StockEffect::OPENED, StockEffect::RESERVED,
                                                   StockEffect::RESERVED, StockEffect::CONFIRMED,
                                                   StockEffect::RELEASED}));
}

TEST_F(StockTest, ARequestAboveTheStockStaysRefusedForItsLine) {
  const auto all = static_cast<std::uint32_t>(plan_->initial("s7"));
  ask(RESERVE, "a", all);
  EXPECT_TRUE(ask(RESERVE, "b", 1).refused());
  ask(RELEASE, "a");
  EXPECT_TRUE(ask(RESERVE, "b", 1).refused()) << "the first answer is repeated";
  ask(RELEASE, "b");
  EXPECT_FALSE(ask(RESERVE, "b", 1).refused()) << "the line was closed: a new request";
}

TEST_F(StockTest, RepeatedRequestsGetTheFirstAnswerAndChangeNothing) {
  const StockAnswer first = ask(RESERVE, "a", 2);
  const StockAnswer again = ask(RESERVE, "a", 2);
  EXPECT_EQ(first.SerializeAsString(), again.SerializeAsString());
  EXPECT_EQ(store_.state().reserved(), 2);
  ask(CONFIRM, "a");
  const auto before = store_.state().SerializeAsString();
  EXPECT_FALSE(ask(CONFIRM, "a").refused());
  EXPECT_FALSE(ask(RELEASE, "a").refused());
  EXPECT_EQ(store_.state().SerializeAsString(), before);
}

TEST_F(StockTest, AReleaseDoesNotAffectAnotherReservationOfTheLine) {
  const std::uint64_t first = ask(RESERVE, "a", 2).reservation();
  ask(RELEASE, "a", 0, first);
  const std::uint64_t second = ask(RESERVE, "a", 2).reservation();
  EXPECT_NE(first, second);
  ask(RELEASE, "a", 0, first);
  EXPECT_EQ(store_.state().reserved(), 2);
}

TEST_F(StockTest, AConfirmationDoesNotAffectAnotherReservationOfTheLine) {
  const std::uint64_t first = ask(RESERVE, "a", 2).reservation();
  ask(CONFIRM, "a", 0, first);
  ask(RESERVE, "a", 2);
  const std::int64_t on_hand = store_.state().on_hand();
  ask(CONFIRM, "a", 0, first);
  EXPECT_EQ(store_.state().on_hand(), on_hand);
}

TEST_F(StockTest, UnknownSkusHaveNoPieces) {
  EXPECT_EQ(plan_->initial("s10"), 0);
  EXPECT_EQ(plan_->initial("nonsense"), 0);
  EXPECT_EQ(plan_->initial("s-1"), 0);
  EXPECT_GT(plan_->initial("s9"), 0);
}

}  // namespace
}  // namespace millrace::orders
