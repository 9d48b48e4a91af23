// OffersInFlight: offers under an idempotency key whose outcome is not known yet. A second offer
// under the same key waits for the outcome of the first, so that of two clients exactly one learns
// that its message was accepted.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "actors/queue/state/keyed_offer.hpp"
#include "cluster/http/node_api.hpp"

namespace millrace::http {

/// Thread-safe.
class OffersInFlight {
 public:
  /// `none`: no such offer is in flight; the caller makes its offer and calls end().
  /// `duplicate`: `done` was taken, and is called by the end() of the offer in flight. `other`: the offer in flight has
  /// another payload; `done` was not taken.
  [[nodiscard]] queues::KeyUse begin(const queues::KeyedOffer& offer, OfferDone& done) {
    const std::lock_guard lock(mutex_);
    const auto [found, is_new] =
        offers_.try_emplace({offer.key, offer.idempotency_key}, Entry{offer.payload_hash, {}});
    if (is_new) return queues::KeyUse::none;
    Entry& entry = found->second;
    if (entry.payload_hash != offer.payload_hash) return queues::KeyUse::other;
    entry.duplicates.push_back(std::move(done));
    return queues::KeyUse::duplicate;
  }

  /// The offer for which begin() returned `none` has this outcome. Calls its duplicates.
  void end(const queues::KeyedOffer& offer, const Result<Offered>& outcome) {
    std::vector<OfferDone> duplicates;
    {
      const std::lock_guard lock(mutex_);
      const auto found = offers_.find({offer.key, offer.idempotency_key});
      if (found == offers_.end()) return;
      duplicates = std::move(found->second.duplicates);
      offers_.erase(found);
    }
    Result<Offered> outcome_of_duplicates = outcome;
    if (outcome_of_duplicates) outcome_of_duplicates->is_duplicate = true;
    for (const OfferDone& done : duplicates) done(outcome_of_duplicates);
  }

 private:
  struct Entry {
    std::uint64_t payload_hash = 0;
    std::vector<OfferDone> duplicates{};
  };

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Entry> offers_{};  ///< by key, idempotency key
};

}  // namespace millrace::http
