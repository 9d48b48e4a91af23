// Decision core of the saga: the next step of an order for an event. Pure.
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
//                  │   └┄┄┄┄┄┄┄┄┄┄┄ no answer ┄┄┄▶ PAUSED ┄┄ operator ┄┄▶ where it was
//                  ▼
//   OUT_OF_STOCK (stock refused), PAYMENT_FAILED (payment refused), CANCELLED (all else)
//
// In each status the saga asks one question, in one part or one part per order line, and sets a
// timer. A question that times out is asked again, up to asks_max times. Then the saga gives up:
// before the goods are shipped it compensates all completed steps; later, or during compensation,
// it pauses.
//
// The compensation of a step is pushed on Order.undo before the step is requested, so that the step
// is undone even if its answer never arrives.
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
  std::chrono::microseconds answer_timeout{10'000'000};  ///< of the first request; then doubles
  std::uint32_t asks_max = 3;                            ///< requests per question, 1 to 20
};

/// Values in Order.undo other than line numbers; a line number stands for the release of the line.
inline constexpr std::uint32_t undo_refund = 100;
inline constexpr std::uint32_t undo_cancel_shipment = 101;

/// One part of a question, for the stage that answers it.
struct SagaRequest {
  Question question = ASK_NOTHING;
  std::uint32_t part = 0;  ///< line number, or 0
  std::uint64_t reservation =
      0;  ///< for ASK_CONFIRM and ASK_RELEASE: only this reservation; 0: any

  friend bool operator==(const SagaRequest&, const SagaRequest&) = default;
};

/// A status that the order entered.
struct SagaEntry {
  Status status = STATUS_UNKNOWN;
  Cause cause = CAUSE_UNKNOWN;
  bool is_first = true;  ///< false if an operator made the order re-enter the status
  std::string detail{};
};

/// Effects of one event besides the new state.
struct SagaStep {
  std::vector<SagaRequest> requests{};
  std::vector<SagaEntry> entries{};
  std::optional<std::uint64_t>
      settle_charge{};  ///< number of the charge; 0: any charge of the order
  std::optional<std::chrono::microseconds> timer{};  ///< set for order.round()
  bool clears_timer = false;
  bool is_finished = false;  ///< final or paused, for the first time
};

/// Starts the saga of a new order. REQUIRES: `order` is empty.
[[nodiscard]] SagaStep begin(Order& order, const PlacedEvent& placed, TimeUs now_us,
                             const SagaOptions& options);

/// Returns whether `event` affects `order` in its current state. False for answers and timeouts of
/// earlier questions, and for a duplicate PLACED.
[[nodiscard]] bool concerns(const Order& order, const OrderEvent& event);

/// Applies an event. REQUIRES: concerns(order, event).
[[nodiscard]] SagaStep advance(Order& order, const OrderEvent& event, const SagaOptions& options);

}  // namespace millrace::orders
