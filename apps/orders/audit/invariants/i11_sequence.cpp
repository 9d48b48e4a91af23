// I11: per key, effects are in the sequence order of their inputs, and no input has effect twice.
#include "apps/orders/audit/invariants/checks.hpp"

namespace millrace::orders::audit {
namespace {

class Sequence : public Check {
 public:
  Sequence() : Check("I11", "per key, effects follow the order of their inputs") {}

  void on_key(const QueueView& queue, const KeyView& key) override {
    for (std::size_t i = 1; i < key.history.size(); ++i) {
      const std::uint64_t before = key.history[i - 1].input;
      const std::uint64_t input = key.history[i].input;
      // The effects of one handling are in one record, hence have one time.
      if (input == before && key.history[i].at_us != key.history[i - 1].at_us) {
        fail_as_duplicate([&] {
          return queue.name + ", key " + key.key + ": message " + std::to_string(input) +
                 " took effect twice";
        });
      }
      if (input >= before) continue;
      fail([&] {
        return queue.name + ", key " + key.key + ": the effect of message " +
               std::to_string(input) + " comes after that of " + std::to_string(before);
      });
    }
  }

  void on_stock(const StockRecord& stock) override {
    rises(stock, "SKU ", [](const StockEffect& effect) { return effect.version(); });
  }
  void on_account(const AccountRecord& account) override {
    rises(account, "customer ", [](const PaymentEffect& effect) { return effect.version(); });
  }
  void on_inbox(const InboxRecord& inbox) override {
    rises(inbox, "inbox of ", [](const NotificationEffect& effect) { return effect.number(); });
  }

 private:
  template <class Record, class Version>
  void rises(const Record& record, const char* what, Version version) {
    for (std::size_t i = 1; i < record.entries.size(); ++i) {
      const std::uint64_t before = version(record.entries[i - 1].entry);
      const std::uint64_t now = version(record.entries[i].entry);
      if (now > before) continue;
      fail([&] {
        return what + record.view.key + ": version " + std::to_string(now) + " follows " +
               std::to_string(before);
      });
    }
  }
};

}  // namespace

std::unique_ptr<Check> make_sequence_check() {
  return std::make_unique<Sequence>();
}

}  // namespace millrace::orders::audit
