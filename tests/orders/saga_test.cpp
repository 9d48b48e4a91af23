// The saga: each path of the state machine, compensation in reverse order, and questions whose
// answer is missing or late.
#include "apps/orders/stages/saga.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/orders/handler_fixture.hpp"

namespace millrace::orders {
namespace {

using testing::context_at;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::KeyStore;

/// Feeds events to the saga of one order and logs its outputs as short texts.
class SagaTest : public ::testing::Test {
 protected:
  using Log = std::vector<std::string>;

  Log feed(const OrderEvent& event) {
    auto keyed = store_.open<OrderEvent>();
    auto outcome = saga_(event, keyed, context_at());
    const KeyedChanges changes = store_.commit(keyed);
    if (!changes.timers_set.empty()) {
      timeout_.ParseFromString(changes.timers_set.back().payload);
      timer_after_ = changes.timers_set.back().after;
      has_timer_ = true;
    }
    if (!changes.timers_cleared.empty()) has_timer_ = false;
    Log log;
    if (!outcome.is_done()) return {"not done"};
    if (outcome.outputs()->empty()) return log;
    for (const Routed::Item& item : outcome.outputs()->at(0).items()) write(item, log);
    return log;
  }

  Log place(int lines = 2, const std::string& fault = {}) {
    OrderEvent event = base();
    *event.mutable_placed()->mutable_order() = testing::valid_order("o1", lines);
    event.mutable_placed()->set_reject_reason(fault);
    return feed(event);
  }

  Log stock(StockVerb verb, std::uint32_t line, bool refused = false, std::uint64_t number = 0) {
    OrderEvent event = base();
    event.mutable_stock()->set_verb(verb);
    event.mutable_stock()->set_line(line);
    event.mutable_stock()->set_refused(refused);
    event.mutable_stock()->set_reservation(number != 0 ? number : verb == RESERVE ? 10 + line : 0);
    return feed(event);
  }

  Log payment(PaymentVerb verb, bool declined = false, std::uint64_t charge = 5) {
    OrderEvent event = base();
    event.mutable_payment()->set_verb(verb);
    event.mutable_payment()->set_declined(declined);
    event.mutable_payment()->set_charge(charge);
    return feed(event);
  }

  Log shipment(ShipmentVerb verb, bool failed = false) {
    OrderEvent event = base();
    event.mutable_shipment()->set_verb(verb);
    event.mutable_shipment()->set_failed(failed);
    return feed(event);
  }

  Log time_out() { return feed(timeout_); }

  Log resume() {
    OrderEvent event = base();
    event.mutable_resume();
    return feed(event);
  }

  /// Lets all attempts of the current question time out; returns the outputs of the last timeout.
  Log give_up() {
    time_out();
    time_out();
    return time_out();
  }

  void until_paid() {
    place();
    stock(RESERVE, 0);
    stock(RESERVE, 1);
    payment(AUTHORISE);
    payment(CAPTURE);
  }

  std::string path() const {
    std::string path;
    for (const auto& entry : store_.history<OrderEntry>()) {
      path += (path.empty() ? "" : " ") + Status_Name(entry.status());
    }
    return path;
  }

  KeyStore<Order> store_{"o1"};
  Saga saga_{SagaOptions{.answer_timeout = std::chrono::seconds(1), .asks_max = 3}};
  OrderEvent timeout_;
  std::chrono::microseconds timer_after_{};
  bool has_timer_ = false;

 private:
  static OrderEvent base() {
    OrderEvent event;
    event.set_order_id("o1");
    return event;
  }

  template <class T>
  static T parse(const Routed::Item& item) {
    T message;
    EXPECT_TRUE(message.ParseFromString(item.payload));
    return message;
  }

  static void write(const Routed::Item& item, Log& log) {
    if (item.queue == "stock.requests") {
      const auto m = parse<StockRequest>(item);
      EXPECT_EQ(item.key, m.sku());
      log.push_back(StockVerb_Name(m.verb()) + " " + m.sku() +
                    (m.reservation() != 0 ? " #" + std::to_string(m.reservation()) : ""));
    } else if (item.queue == "payments.requests") {
      const auto m = parse<PaymentRequest>(item);
      EXPECT_EQ(item.key, "c1");
      log.push_back(PaymentVerb_Name(m.verb()) +
                    (m.charge() != 0 ? " #" + std::to_string(m.charge()) : ""));
    } else if (item.queue == "shipping.requests") {
      log.push_back(ShipmentVerb_Name(parse<ShipmentRequest>(item).verb()));
    } else if (item.queue == "orders.notifications") {
      const auto m = parse<Notification>(item);
      std::string text = "tell";
      for (const int status : m.status()) {
        text += " " + Status_Name(static_cast<Status>(status));
      }
      log.push_back(text);
    } else {
      EXPECT_EQ(item.queue, "orders.finished");
      log.push_back("finished " + Status_Name(parse<OrderFinished>(item).status()));
    }
  }
};

TEST_F(SagaTest, GoesFromPlacedToShipped) {
  EXPECT_THAT(place(), ElementsAre("RESERVE s0", "RESERVE s1", "tell PLACED RESERVING"));
  EXPECT_THAT(stock(RESERVE, 1), IsEmpty());
  EXPECT_THAT(stock(RESERVE, 0), ElementsAre("AUTHORISE", "tell RESERVED PAYING"));
  EXPECT_THAT(payment(AUTHORISE), ElementsAre("CAPTURE"));
  EXPECT_THAT(payment(CAPTURE), ElementsAre("SHIP", "tell PAID SHIPPING"));
  EXPECT_THAT(shipment(SHIP), ElementsAre("CONFIRM s0 #10", "CONFIRM s1 #11"));
  EXPECT_THAT(stock(CONFIRM, 0), IsEmpty());
  EXPECT_TRUE(has_timer_);
  EXPECT_THAT(stock(CONFIRM, 1), ElementsAre("SETTLE", "tell SHIPPED", "finished SHIPPED"));
  EXPECT_FALSE(has_timer_);
  EXPECT_EQ(path(), "PLACED RESERVING RESERVED PAYING PAID SHIPPING SHIPPED");
  EXPECT_EQ(store_.state().invoice_minor(), 490 + 2 * 3 * 500);
}

TEST_F(SagaTest, AnInvalidOrderIsRejectedWithItsReason) {
  EXPECT_THAT(place(2, "no good"), ElementsAre("tell PLACED REJECTED", "finished REJECTED"));
  EXPECT_EQ(store_.history<OrderEntry>().back().detail(), "no good");
  EXPECT_EQ(store_.state().lines_size(), 0);
  EXPECT_FALSE(has_timer_);
}

TEST_F(SagaTest, OneRefusedLineReleasesAll) {
  place();
  stock(RESERVE, 0, true);
  EXPECT_THAT(stock(RESERVE, 1), ElementsAre("RELEASE s1 #11", "RELEASE s0 #10", "tell RELEASING"));
  stock(RELEASE, 0);
  EXPECT_THAT(stock(RELEASE, 1), ElementsAre("tell OUT_OF_STOCK", "finished OUT_OF_STOCK"));
}

TEST_F(SagaTest, ARefusedPaymentReleasesAll) {
  place(1);
  stock(RESERVE, 0);
  EXPECT_THAT(payment(AUTHORISE, true), ElementsAre("RELEASE s0 #10", "tell RELEASING"));
  EXPECT_THAT(stock(RELEASE, 0),
              ElementsAre("SETTLE", "tell PAYMENT_FAILED", "finished PAYMENT_FAILED"));
}

TEST_F(SagaTest, AFailedShipmentRefundsThenReleases) {
  until_paid();
  EXPECT_THAT(shipment(SHIP, true), ElementsAre("REFUND", "tell REFUNDING"));
  EXPECT_THAT(payment(REFUND), ElementsAre("RELEASE s1 #11", "RELEASE s0 #10", "tell RELEASING"));
  stock(RELEASE, 1);
  EXPECT_THAT(stock(RELEASE, 0), ElementsAre("SETTLE", "tell CANCELLED", "finished CANCELLED"));
}

TEST_F(SagaTest, AnUnansweredQuestionIsAskedAgainWithTwiceTheTimeout) {
  place();
  stock(RESERVE, 0);
  EXPECT_EQ(timer_after_, std::chrono::seconds(1));
  EXPECT_THAT(time_out(), ElementsAre("RESERVE s1"));
  EXPECT_EQ(timer_after_, std::chrono::seconds(2));
  EXPECT_THAT(time_out(), ElementsAre("RESERVE s1"));
  EXPECT_EQ(timer_after_, std::chrono::seconds(4));
  EXPECT_THAT(time_out(), ElementsAre("RELEASE s1", "RELEASE s0 #10", "tell RELEASING"))
      << "unanswered requests are undone, too";
  stock(RELEASE, 1);
  EXPECT_THAT(stock(RELEASE, 0), ElementsAre("tell CANCELLED", "finished CANCELLED"));
}

TEST_F(SagaTest, AnUnansweredPaymentIsRefunded) {
  place(1);
  stock(RESERVE, 0);
  EXPECT_THAT(give_up(), ElementsAre("REFUND", "tell REFUNDING"));
  EXPECT_THAT(payment(REFUND), ElementsAre("RELEASE s0 #10", "tell RELEASING"));
}

TEST_F(SagaTest, AnUnansweredShipmentIsCancelledBeforeTheRefund) {
  until_paid();
  EXPECT_THAT(give_up(), ElementsAre("CANCEL", "tell REFUNDING"));
  EXPECT_THAT(shipment(CANCEL), ElementsAre("REFUND"));
  EXPECT_THAT(payment(REFUND), ElementsAre("RELEASE s1 #11", "RELEASE s0 #10", "tell RELEASING"));
}

TEST_F(SagaTest, AnUnansweredCompensationPausesUntilItIsResumed) {
  until_paid();
  shipment(SHIP, true);
  EXPECT_THAT(give_up(), ElementsAre("tell PAUSED", "finished PAUSED"));
  EXPECT_THAT(time_out(), IsEmpty());
  EXPECT_THAT(resume(), ElementsAre("REFUND")) << "no second notification of a status";
  EXPECT_THAT(payment(REFUND), ElementsAre("RELEASE s1 #11", "RELEASE s0 #10", "tell RELEASING"));
  stock(RELEASE, 0);
  EXPECT_THAT(stock(RELEASE, 1), ElementsAre("SETTLE", "tell CANCELLED"))
      << "no second message to orders.finished";
}

TEST_F(SagaTest, AnAnswerDuringAPauseCountsAfterTheResume) {
  until_paid();
  shipment(SHIP);
  stock(CONFIRM, 0);
  EXPECT_THAT(give_up(), ElementsAre("tell PAUSED", "finished PAUSED"))
      << "no compensation after the shipment";
  EXPECT_THAT(stock(CONFIRM, 1), IsEmpty());
  EXPECT_THAT(resume(), ElementsAre("SETTLE", "tell SHIPPED"));
  EXPECT_EQ(path(), "PLACED RESERVING RESERVED PAYING PAID SHIPPING PAUSED SHIPPING SHIPPED");
}

TEST_F(SagaTest, DuplicateAnswersAndStaleTimeoutsChangeNothing) {
  place();
  const OrderEvent stale = timeout_;
  stock(RESERVE, 0);
  const auto before = store_.state().SerializeAsString();
  EXPECT_THAT(stock(RESERVE, 0), IsEmpty());
  EXPECT_THAT(place(), IsEmpty()) << "placed again";
  EXPECT_THAT(payment(CAPTURE), IsEmpty()) << "not requested";
  EXPECT_THAT(shipment(CANCEL), IsEmpty());
  EXPECT_THAT(stock(CONFIRM, 0), IsEmpty());
  EXPECT_THAT(resume(), IsEmpty()) << "not paused";
  EXPECT_THAT(stock(RESERVE, 31), IsEmpty()) << "no such line";
  EXPECT_EQ(store_.state().SerializeAsString(), before);
  stock(RESERVE, 1);
  EXPECT_THAT(feed(stale), IsEmpty());
}

TEST_F(SagaTest, AReservationAfterTheSagaGaveUpIsReleased) {
  place(1);
  give_up();
  EXPECT_THAT(stock(RESERVE, 0, false, 77), ElementsAre("RELEASE s0 #77"));
  EXPECT_THAT(stock(RELEASE, 0), ElementsAre("tell CANCELLED", "finished CANCELLED"));
  EXPECT_THAT(stock(RESERVE, 0, false, 78), ElementsAre("RELEASE s0 #78"))
      << "also after the saga has ended";
}

TEST_F(SagaTest, AnAuthorisationAfterTheEndIsSettled) {
  until_paid();
  shipment(SHIP);
  stock(CONFIRM, 0);
  stock(CONFIRM, 1);
  EXPECT_THAT(payment(AUTHORISE), IsEmpty()) << "a duplicate answer";
  EXPECT_THAT(payment(AUTHORISE, false, 99), ElementsAre("SETTLE #99"));
}

TEST_F(SagaTest, AnAnswerForAnUnknownOrderIsADeadLetter) {
  EXPECT_THAT(stock(RESERVE, 0), ElementsAre("not done"));
}

TEST_F(SagaTest, ACompensationIsRecordedBeforeItsActionIsRequested) {
  place();
  EXPECT_THAT(store_.state().undo(), ElementsAre(0u, 1u));
  stock(RESERVE, 0);
  stock(RESERVE, 1);
  EXPECT_THAT(store_.state().undo(), ElementsAre(0u, 1u, undo_refund));
  payment(AUTHORISE);
  payment(CAPTURE);
  EXPECT_THAT(store_.state().undo(), ElementsAre(0u, 1u, undo_refund, undo_cancel_shipment));
}

}  // namespace
}  // namespace millrace::orders
