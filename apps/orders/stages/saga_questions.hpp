// What the saga's questions are: one row for each.
#pragma once

#include <array>

#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// One question of the saga.
struct QuestionRule {
  Question question = ASK_NOTHING;
  bool is_per_line = false;         ///< one part for each line of the order, else one part
  bool can_give_up = false;         ///< without an answer: undo everything, else pause
  Status refused = STATUS_UNKNOWN;  ///< where a refusal leads; STATUS_UNKNOWN: it has none
};

inline constexpr std::array<QuestionRule, 9> question_rules{{
    {ASK_NOTHING, false, false, STATUS_UNKNOWN},
    {ASK_RESERVE, true, true, OUT_OF_STOCK},
    {ASK_AUTHORISE, false, true, PAYMENT_FAILED},
    {ASK_CAPTURE, false, true, PAYMENT_FAILED},
    {ASK_SHIP, false, true, CANCELLED},
    {ASK_CONFIRM, true, false, STATUS_UNKNOWN},
    {ASK_CANCEL_SHIPMENT, false, false, STATUS_UNKNOWN},
    {ASK_REFUND, false, false, STATUS_UNKNOWN},
    {ASK_RELEASE, true, false, STATUS_UNKNOWN},
}};

[[nodiscard]] constexpr const QuestionRule& rule_of(Question question) {
  return question_rules[static_cast<std::size_t>(question)];
}

/// An answer, whichever stage it comes from.
struct Answer {
  Question question = ASK_NOTHING;  ///< ASK_NOTHING: the event is no answer
  std::uint32_t part = 0;
  bool is_refused = false;
  std::uint64_t number = 0;  ///< of the reservation or charge that it tells of
};

/// Reads `event` as an answer.
[[nodiscard]] Answer answer_of(const OrderEvent& event);

}  // namespace millrace::orders
