// Ledger: per queue, offered = acked + dead + dropped + live messages found.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class LedgerCheck : public Check {
 public:
  LedgerCheck() : Check("ledger", "per queue, offered = acked + dead + dropped + queued") {}

  void on_queue(const QueueView& queue) override {
    const queues::Ledger& ledger = queue.ledger;
    if (queue.name == "orders.placed") placed_ += ledger;
    // An order placed at a node that does not serve it goes through an outbox, which drops
    // duplicates.
    if (queue.name == "outbox/orders.placed") placed_.duplicates += ledger.duplicates;
    const std::uint64_t out = ledger.acked + ledger.dead + ledger.dropped + queue.messages.size();
    if (ledger.offered == out) return;
    fail([&] {
      return "queue " + queue.name + ", shard " + std::to_string(queue.shard) + ": offered " +
             std::to_string(ledger.offered) + ", acked, dead, dropped and queued are " +
             std::to_string(out);
    });
  }

  /// orders.placed is the only queue whose offers the witness counted.
  void finish(const Witness& witness) override {
    if (!witness.offers) return;
    const auto& [offers, keyed_repeats] = *witness.offers;
    if (placed_.duplicates == keyed_repeats && placed_.offered + placed_.duplicates == offers) {
      return;
    }
    fail([&, offers = offers, keyed_repeats = keyed_repeats] {
      return "queue orders.placed took " + std::to_string(placed_.offered) +
             " offers and dropped " + std::to_string(placed_.duplicates) +
             " repeats; it was offered " + std::to_string(offers) + ", " +
             std::to_string(keyed_repeats) + " of them repeats under one Idempotency-Key";
    });
  }

 private:
  queues::Ledger placed_;
};

}  // namespace

std::unique_ptr<Check> make_ledger_check() {
  return std::make_unique<LedgerCheck>();
}

}  // namespace millrace::orders::audit
