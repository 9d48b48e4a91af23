#include "apps/orders/stages/saga_core.hpp"

#include <algorithm>

#include "actors/base/assert.hpp"
#include "apps/orders/stages/saga_questions.hpp"

namespace millrace::orders {
namespace {

constexpr std::uint32_t bit(std::uint32_t part) {
  return 1u << part;
}

constexpr std::uint32_t bit(Status status) {
  return 1u << status;
}

bool is_due(const Order& order, const Answer& answer) {
  return answer.question != ASK_NOTHING && answer.question == order.question() &&
         answer.part < 32 && (order.unanswered() & bit(answer.part)) != 0;
}

/// Returns whether the answer reports a reservation or charge that Order does not record. Happens
/// when a request is executed after the saga gave it up, for example as a redriven dead letter.
bool is_stray(const Order& order, const Answer& answer) {
  if (answer.question == ASK_RESERVE) {
    return answer.number != 0 && answer.part < static_cast<std::uint32_t>(order.lines_size()) &&
           order.reservations(static_cast<int>(answer.part)) != answer.number;
  }
  return (answer.question == ASK_AUTHORISE || answer.question == ASK_REFUND) &&
         answer.number != 0 && order.charge() != answer.number;
}

/// Computes one step of one order: changes `order` and collects the effects of the step.
class Stepper {
 public:
  Stepper(Order& order, const SagaOptions& options) : order_(order), options_(options) {}

  void enter(Status status, Cause cause, std::string detail = {}) {
    const bool is_first = (order_.notified() & bit(status)) == 0;
    order_.set_status(status);
    order_.set_notified(order_.notified() | bit(status));
    step_.entries.push_back({status, cause, is_first, std::move(detail)});
  }

  /// Pushes the compensation of the question on Order.undo, then asks the question.
  void ask(Question question) {
    const auto lines = static_cast<std::uint32_t>(order_.lines_size());
    if (question == ASK_RESERVE) {
      for (std::uint32_t line = 0; line < lines; ++line) order_.add_undo(line);
    }
    if (question == ASK_AUTHORISE) {
      order_.add_undo(undo_refund);
      order_.set_payment_asked(true);
    }
    if (question == ASK_SHIP) order_.add_undo(undo_cancel_shipment);
    order_.set_question(question);
    order_.set_unanswered(rule_of(question).is_per_line ? bit(lines) - 1 : 1);
    order_.set_refused(0);
    order_.set_asked(0);
    ask_again();
  }

  /// Sends a request for each unanswered part of the question and sets the timer. Releases are sent
  /// in reverse order of the lines.
  void ask_again() {
    order_.set_asked(order_.asked() + 1);
    order_.set_round(order_.round() + 1);
    const Question question = order_.question();
    for (std::uint32_t part = 0; part < 32; ++part) {
      if ((order_.unanswered() & bit(part)) == 0) continue;
      const bool names_reservation = question == ASK_CONFIRM || question == ASK_RELEASE;
      step_.requests.push_back(
          {question, part, names_reservation ? order_.reservations(static_cast<int>(part)) : 0});
    }
    if (question == ASK_RELEASE) std::reverse(step_.requests.begin(), step_.requests.end());
    step_.timer = options_.answer_timeout * (1u << (order_.asked() - 1));
  }

  void take(const Answer& answer) {
    order_.set_unanswered(order_.unanswered() & ~bit(answer.part));
    if (answer.is_refused) order_.set_refused(order_.refused() | bit(answer.part));
    if (answer.question == ASK_RESERVE) {
      order_.set_reservations(static_cast<int>(answer.part), answer.number);
    }
    if (answer.question == ASK_AUTHORISE || answer.question == ASK_REFUND) {
      order_.set_charge(answer.number);
    }
    if (order_.unanswered() == 0 && order_.status() != PAUSED) proceed();
  }

  /// Undoes a stray reservation or charge. Makes no gateway call for a charge: the gateway has
  /// executed the call ids of this order already, or the authorisation expires.
  void undo_stray(const Answer& answer) {
    if (answer.question == ASK_RESERVE) {
      step_.requests.push_back({ASK_RELEASE, answer.part, answer.number});
    } else {
      step_.settle_charge = answer.number;
    }
  }

  /// All parts of the question are answered: take the next step.
  void proceed() {
    const QuestionRule& rule = rule_of(order_.question());
    if (order_.refused() != 0 && rule.refused != STATUS_UNKNOWN) {
      // A refused step has no effect to undo, except RESERVE: the stock stage stores the refusal.
      if (order_.question() != ASK_RESERVE) order_.mutable_undo()->RemoveLast();
      undo_all(rule.refused, REFUSED);
      return;
    }
    switch (order_.question()) {
      case ASK_RESERVE:
        enter(RESERVED, PROCEEDED);
        enter(PAYING, PROCEEDED);
        return ask(ASK_AUTHORISE);
      case ASK_AUTHORISE:
        return ask(ASK_CAPTURE);
      case ASK_CAPTURE:
        enter(PAID, PROCEEDED);
        enter(SHIPPING, PROCEEDED);
        return ask(ASK_SHIP);
      case ASK_SHIP:
        order_.clear_undo();  // shipped: no compensation from here on
        return ask(ASK_CONFIRM);
      case ASK_CONFIRM:
        return finish(SHIPPED, PROCEEDED);
      case ASK_CANCEL_SHIPMENT:
      case ASK_REFUND:
        order_.mutable_undo()->RemoveLast();
        return undo_next(UNDONE);
      case ASK_RELEASE:
        order_.clear_undo();
        return undo_next(UNDONE);
      default:
        MILLRACE_ASSERT(false);
    }
  }

  /// The question timed out: ask again, compensate or pause.
  void time_out() {
    if (order_.asked() < options_.asks_max) return ask_again();
    if (rule_of(order_.question()).can_give_up) return undo_all(CANCELLED, NO_ANSWER);
    order_.set_paused_from(order_.status());
    step_.is_finished = (order_.notified() & bit(PAUSED)) == 0;
    enter(PAUSED, NO_ANSWER);
  }

  void resume() {
    enter(order_.paused_from(), RESUMED);
    order_.set_paused_from(STATUS_UNKNOWN);
    if (order_.unanswered() == 0) return proceed();
    order_.set_asked(0);
    ask_again();
  }

  void finish(Status status, Cause cause, std::string detail = {}) {
    step_.is_finished = (order_.notified() & bit(PAUSED)) == 0;
    enter(status, cause, std::move(detail));
    order_.set_question(ASK_NOTHING);
    if (order_.payment_asked()) step_.settle_charge = 0;
    step_.timer.reset();
    step_.clears_timer = order_.round() != 0;
  }

  [[nodiscard]] SagaStep take_step() { return std::move(step_); }

 private:
  void undo_all(Status outcome, Cause cause) {
    order_.set_outcome(outcome);
    undo_next(cause);
  }

  /// Pops the last compensation and asks for it.
  void undo_next(Cause cause) {
    if (order_.undo_size() == 0) return finish(order_.outcome(), cause);
    const std::uint32_t last = order_.undo(order_.undo_size() - 1);
    const Status status = last < undo_refund ? RELEASING : REFUNDING;
    if (order_.status() != status) enter(status, cause);
    ask(last == undo_cancel_shipment ? ASK_CANCEL_SHIPMENT
        : last == undo_refund        ? ASK_REFUND
                                     : ASK_RELEASE);
  }

  Order& order_;
  const SagaOptions& options_;
  SagaStep step_;
};

}  // namespace

SagaStep begin(Order& order, const PlacedEvent& placed, TimeUs now_us, const SagaOptions& options) {
  Stepper stepper(order, options);
  order.set_customer_id(placed.order().customer_id());
  order.set_placed_at_us(now_us);
  stepper.enter(PLACED, OFFERED);
  if (!placed.reject_reason().empty()) {
    stepper.finish(REJECTED, REFUSED, placed.reject_reason());
    return stepper.take_step();
  }
  *order.mutable_lines() = placed.order().lines();
  order.set_freight_minor(placed.order().freight_minor());
  order.set_currency(placed.order().currency());
  std::int64_t invoice_minor = order.freight_minor();
  for (const OrderLine& line : order.lines()) {
    invoice_minor += line.quantity() * line.unit_price_minor();
    order.add_reservations(0);
  }
  order.set_invoice_minor(invoice_minor);
  stepper.enter(RESERVING, PROCEEDED);
  stepper.ask(ASK_RESERVE);
  return stepper.take_step();
}

bool concerns(const Order& order, const OrderEvent& event) {
  switch (event.event_case()) {
    case OrderEvent::kTimeout:
      return order.status() != PAUSED && order.question() != ASK_NOTHING &&
             event.timeout().round() == order.round();
    case OrderEvent::kResume:
      return order.status() == PAUSED;
    default: {
      const Answer answer = answer_of(event);
      return is_due(order, answer) || is_stray(order, answer);
    }
  }
}

SagaStep advance(Order& order, const OrderEvent& event, const SagaOptions& options) {
  Stepper stepper(order, options);
  switch (event.event_case()) {
    case OrderEvent::kTimeout:
      stepper.time_out();
      break;
    case OrderEvent::kResume:
      stepper.resume();
      break;
    default: {
      const Answer answer = answer_of(event);
      if (is_due(order, answer)) {
        stepper.take(answer);
      } else {
        stepper.undo_stray(answer);
      }
    }
  }
  return stepper.take_step();
}

}  // namespace millrace::orders
