// I8: each order's history is a path of the state machine; per key, times never decrease.
#include <initializer_list>

#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

constexpr std::uint32_t set_of(std::initializer_list<Status> statuses) {
  std::uint32_t bits = 0;
  for (const Status status : statuses) bits |= 1u << status;
  return bits;
}

/// Allowed successors of `status`, taken from order-workflow.md, not from the code of the saga.
constexpr std::uint32_t next_of(Status status) {
  switch (status) {
    case STATUS_UNKNOWN:
      return set_of({PLACED});
    case PLACED:
      return set_of({RESERVING, REJECTED});
    case RESERVING:
      return set_of({RESERVED, RELEASING});
    case RESERVED:
      return set_of({PAYING});
    case PAYING:
      return set_of({PAID, RELEASING, REFUNDING});
    case PAID:
      return set_of({SHIPPING});
    case SHIPPING:
      return set_of({SHIPPED, REFUNDING, PAUSED});
    case REFUNDING:
      return set_of({RELEASING, PAUSED});
    case RELEASING:
      return set_of({OUT_OF_STOCK, PAYMENT_FAILED, CANCELLED, PAUSED});
    case PAUSED:
      return set_of({SHIPPING, REFUNDING, RELEASING});
    default:
      return 0;
  }
}

/// Final status of a compensation that started in `from` with `cause`.
constexpr Status outcome_of(Status from, Cause cause) {
  if (cause != REFUSED) return CANCELLED;
  return from == RESERVING ? OUT_OF_STOCK : from == PAYING ? PAYMENT_FAILED : CANCELLED;
}

constexpr bool is_compensation(Status status) {
  return status == RELEASING || status == REFUNDING;
}

class Paths : public Check {
 public:
  explicit Paths(const RunFacts& run)
      : Check("I8", "histories are paths of the state machine; times never run back"),
        compares_times_(!run.was_clock_set) {}

  void on_order(const OrderRecord& order) override {
    Status status = STATUS_UNKNOWN;
    TimeUs at_us = 0;
    Status outcome = SHIPPED;
    Status paused_from = STATUS_UNKNOWN;
    for (const auto& recorded : order.entries) {
      const OrderEntry& entry = recorded.entry;
      if (entry.status() < 0 || entry.status() > 31 ||
          (next_of(status) & (1u << entry.status())) == 0) {
        fail([&] {
          return name_of(order.order) + " went from " + Status_Name(status) + " to " +
                 Status_Name(entry.status());
        });
      }
      if (compares_times_ && entry.at_us() < at_us) {
        fail([&] { return name_of(order.order) + ": the times of its statuses run back"; });
      }
      if (status == PAUSED && entry.status() != paused_from) {
        fail([&] {
          return name_of(order.order) + " paused as " + Status_Name(paused_from) +
                 " and went on as " + Status_Name(entry.status());
        });
      }
      if (is_compensation(entry.status()) && !is_compensation(status) && status != PAUSED) {
        outcome = outcome_of(status, entry.cause());
      }
      if (entry.status() == PAUSED) paused_from = status;
      status = entry.status();
      at_us = entry.at_us();
    }
    const bool is_undone =
        status == OUT_OF_STOCK || status == PAYMENT_FAILED || status == CANCELLED;
    if (is_undone && status != outcome) {
      fail([&] {
        return name_of(order.order) + " ended as " + Status_Name(status) + " instead of " +
               Status_Name(outcome);
      });
    }
    if (status != order.state.status()) {
      fail([&] {
        return name_of(order.order) + " is " + Status_Name(order.state.status()) +
               ", its history ends with " + Status_Name(status);
      });
    }
  }

  void finish(const Witness& /*witness*/) override {
    for (OrderNumber order = 0; order < index().size(); ++order) {
      const OrderFacts& facts = index()[order];
      if (!facts.is_placed || (facts.status == REJECTED) != facts.is_valid) continue;
      fail([&] {
        return name_of(order) +
               (facts.is_valid ? " makes sense and is " : " makes no sense and is ") +
               Status_Name(facts.status);
      });
    }
  }

  void on_key(const QueueView& queue, const KeyView& key) override {
    if (!compares_times_) return;
    for (std::size_t i = 1; i < key.history.size(); ++i) {
      if (key.history[i].at_us >= key.history[i - 1].at_us) continue;
      fail([&] { return queue.name + ", key " + key.key + ": times run back"; });
    }
  }

 private:
  const bool compares_times_;
};

}  // namespace

std::unique_ptr<Check> make_paths_check(RunFacts run) {
  return std::make_unique<Paths>(run);
}

}  // namespace millrace::orders::audit
