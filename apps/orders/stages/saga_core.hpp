// Decision core of the saga: what an order does next, given what it has been told.
//
//   PLACED ──▶ RESERVING ──▶ RESERVED ──▶ PAYING ──▶ PAID ──▶ SHIPPING ──▶ SHIPPED
//     │            │                       │   │                │    ┆
//  invalid      refused,                refused│no answer    refused,┆
//     │        no answer                   │   │            no answer┆
//     ▼            │                       │   ▼                ▼    ┆
//  REJECTED        │                       │ REFUNDING ◀─────────    ┆
//                  ▼                       ▼   │      ┆              ┆
//              RELEASING ◀─────────────────────┘      ┆ no answer    ┆ no answer after shipping
//                  │   ┆                              ▼              ▼
//                  │   └┄┄┄┄┄┄┄┄┄┄┄ no answer ┄┄┄▶ PAUSED ┄┄ a person ┄┄▶ where it was
//                  ▼
//   OUT_OF_STOCK (stock refused), PAYMENT_FAILED (payment refused), CANCELLED (all else)
//
// In each status the saga asks one question of one or more parts (the lines of the order, or one),
// and a timer is set for it. A question without an answer is asked again, then given up: before the
// goods have left by undoing everything so far, after that and while undoing by a pause.
//
// Whatever undoes an action is registered before the action is asked for, so that it is undone
// whether or not the answer ever comes; the register is a stack.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/base/time.hpp"
#include "apps/orders/orders.pb.h"

namespace millrace::orders {

struct SagaOptions {
  std::chrono::microseconds answer_timeout{10'000'000};  ///< of the first asking; then it doubles
  std::uint32_t asks_max = 3;                            ///< how often a question is asked, 1 to 20
};

/// Entries of Order.undo that are no line numbers (these stand for the release of a line).
inline constexpr std::uint32_t undo_refund = 100;
inline constexpr std::uint32_t undo_cancel_shipment = 101;

/// One part of a question, to be sent to the stage that answers it.
struct SagaRequest {
  Question question = ASK_NOTHING;
  std::uint32_t part = 0;         ///< line number, or 0
  std::uint64_t reservation = 0;  ///< of ASK_CONFIRM and ASK_RELEASE: only this one; 0: any

  friend bool operator==(const SagaRequest&, const SagaRequest&) = default;
};

/// A status that the order entered.
struct SagaEntry {
  Status status = STATUS_UNKNOWN;
  Cause cause = CAUSE_UNKNOWN;
  bool is_first = true;  ///< false where a person made it enter the status again
  std::string detail{};
};

/// What one event makes the saga do, beside changing its state.
struct SagaStep {
  std::vector<SagaRequest> requests{};
  std::vector<SagaEntry> entries{};
  std::optional<std::uint64_t> settle_charge{};      ///< 0: whichever the order has
  std::optional<std::chrono::microseconds> timer{};  ///< set for order.round()
  bool clears_timer = false;
  bool is_finished = false;  ///< final or paused, for the first time
};

/// Begins the saga of an order that was not known before.
[[nodiscard]] SagaStep begin(Order& order, const PlacedEvent& placed, TimeUs now_us,
                             const SagaOptions& options);

/// Whether `event` means anything to `order` as it is. False for answers and timeouts of
/// questions that are settled, and for an order that is placed again.
[[nodiscard]] bool concerns(const Order& order, const OrderEvent& event);

/// Takes in an event that concerns the order.
[[nodiscard]] SagaStep advance(Order& order, const OrderEvent& event, const SagaOptions& options);

}  // namespace millrace::orders
