#include "apps/orders/stages/saga_questions.hpp"

namespace millrace::orders {
namespace {

Answer read(const StockAnswer& answer) {
  const Question question = answer.verb() == RESERVE   ? ASK_RESERVE
                            : answer.verb() == CONFIRM ? ASK_CONFIRM
                            : answer.verb() == RELEASE ? ASK_RELEASE
                                                       : ASK_NOTHING;
  return {question, answer.line(), answer.refused(), answer.reservation()};
}

Answer read(const PaymentAnswer& answer) {
  const Question question = answer.verb() == AUTHORISE ? ASK_AUTHORISE
                            : answer.verb() == CAPTURE ? ASK_CAPTURE
                            : answer.verb() == REFUND  ? ASK_REFUND
                                                       : ASK_NOTHING;
  return {question, 0, answer.declined(), answer.charge()};
}

Answer read(const ShipmentAnswer& answer) {
  const Question question = answer.verb() == SHIP     ? ASK_SHIP
                            : answer.verb() == CANCEL ? ASK_CANCEL_SHIPMENT
                                                      : ASK_NOTHING;
  return {question, 0, answer.failed(), 0};
}

}  // namespace

Answer answer_of(const OrderEvent& event) {
  switch (event.event_case()) {
    case OrderEvent::kStock:
      return read(event.stock());
    case OrderEvent::kPayment:
      return read(event.payment());
    case OrderEvent::kShipment:
      return read(event.shipment());
    default:
      return {};
  }
}

}  // namespace millrace::orders
