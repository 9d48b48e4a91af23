// The ledger: per queue, offered = acked + dead + dropped + what is there.
#include "apps/orders/audit/checks.hpp"

namespace millrace::orders::audit {
namespace {

class LedgerCheck : public Check {
 public:
  LedgerCheck() : Check("ledger", "per queue, offered = acked + dead + dropped + queued") {}

  void on_queue(const QueueView& queue) override {
    const queues::Ledger& ledger = queue.ledger;
    const std::uint64_t out = ledger.acked + ledger.dead + ledger.dropped + queue.messages.size();
    if (ledger.offered == out) return;
    fail([&] {
      return "queue " + queue.name + ", shard " + std::to_string(queue.shard) + ": offered " +
             std::to_string(ledger.offered) + ", acked, dead, dropped and queued are " +
             std::to_string(out);
    });
  }
};

}  // namespace

std::unique_ptr<Check> make_ledger_check() {
  return std::make_unique<LedgerCheck>();
}

}  // namespace millrace::orders::audit
