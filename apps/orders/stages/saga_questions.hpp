// The questions of the saga as a table, and answers to them.
#pragma once

#include <array>

#include "apps/orders/orders.pb.h"

namespace millrace::orders {

/// Properties of one question.
struct QuestionRule {
  Question question = ASK_NOTHING;
  bool is_per_line = false;  ///< one part per order line, else a single part
  bool can_give_up = false;  ///< on timeout: true compensates, false pauses
  Status refused =
      STATUS_UNKNOWN;  ///< final status after a refusal; STATUS_UNKNOWN: cannot be refused
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

/// An answer of any stage.
struct Answer {
  Question question = ASK_NOTHING;  ///< ASK_NOTHING: the event is no answer
  std::uint32_t part = 0;
  bool is_refused = false;
  std::uint64_t number = 0;  ///< of the reservation or charge
};

/// Converts an event to an answer; question is ASK_NOTHING if it is none.
[[nodiscard]] Answer answer_of(const OrderEvent& event);

}  // namespace millrace::orders
