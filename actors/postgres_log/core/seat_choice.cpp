#include "actors/postgres_log/core/seat_choice.hpp"

#include <algorithm>
#include <tuple>

#include "messages/hash.hpp"

namespace millrace::postgres_log {
namespace {

std::string text_of(const Seat& seat) {
  if (has_moved(seat)) return "the log of " + seat.name + " has " + seat.holder;
  if (awaits_copy(seat)) return seat.name + " awaits a copy of its log, " + seat.holder;
  if (seat.lease_left.count() > 0) {
    return seat.name + " is held by " + seat.holder + " for another " +
           std::to_string(seat.lease_left.count()) + " ms";
  }
  return seat.name + " was held by " + seat.holder +
         ", which may not have been able to renew its lease, and gets the time to do so";
}

std::string why_wait(const std::vector<const Seat*>& seats, bool is_any) {
  if (seats.empty()) {
    return is_any ? "there is no seat that this process may take: its configuration, or its "
                    "certificate, names others"
                  : "there is no seat yet: make one with `millrace cluster add`";
  }
  if (seats.size() == 1) return text_of(*seats.front());
  std::string text = "no seat is free: ";
  for (std::size_t i = 0; i < seats.size(); ++i) text += (i == 0 ? "" : ", ") + text_of(*seats[i]);
  return text;
}

}  // namespace

SeatChoice choose_seat(const std::vector<Seat>& seats, const std::vector<std::string>* allowed,
                       const std::string& own, const HasEnded& has_ended, bool trusts_leases) {
  std::vector<const Seat*> candidates;
  for (const Seat& seat : seats) {
    const bool may = allowed == nullptr ||
                     std::find(allowed->begin(), allowed->end(), seat.name) != allowed->end();
    if (may) candidates.push_back(&seat);
  }
  const auto rank = [&own](const Seat& seat) {
    const bool is_own = !own.empty() && seat.holder == own;
    return std::tuple(!is_own, seat.epoch == 0, hash_key(own + '\n' + seat.name));
  };
  const Seat* best = nullptr;
  for (const Seat* seat : candidates) {
    if (has_moved(*seat) || awaits_copy(*seat)) continue;
    const bool is_own = !own.empty() && seat->holder == own;
    const bool is_over = seat->lease_left.count() <= 0;
    const bool is_given_up = is_over && (seat->is_released || seat->epoch == 0);
    const bool is_free = is_own || is_given_up || (is_over && trusts_leases) ||
                         (has_ended && !seat->holder.empty() && has_ended(seat->holder));
    if (is_free && (best == nullptr || rank(*seat) < rank(*best))) best = seat;
  }
  if (best != nullptr) return {best->name, {}};
  return {std::nullopt, why_wait(candidates, !seats.empty())};
}

}  // namespace millrace::postgres_log
