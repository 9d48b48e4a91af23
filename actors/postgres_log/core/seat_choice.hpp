// Seats, and which of them a process takes: the rows of the table `node`. A seat is the name of a node; a
// process holds it under an epoch. The lease says when another process may try to take the seat; the epoch
// alone says who may write. Pure: what is known of the server's clock and of other processes is passed in.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/base/time.hpp"

namespace millrace::postgres_log {

/// Name of the node of a process that takes any seat.
inline constexpr const char* any_seat = "*";

struct Seat {
  std::string name{};
  std::int32_t number = 0;                  ///< part of the names of its tables
  std::uint64_t epoch = 0;                  ///< of the newest process that took it; 0: never taken
  std::string holder{};                     ///< that process, as it calls itself
  std::string address{};                    ///< where peers reach the holder; empty: unknown
  std::string http{};                       ///< where its HTTP server is; empty: unknown
  std::chrono::milliseconds lease_left{0};  ///< by the server's clock; <= 0: anybody may take it
  bool is_released = false;                 ///< it was given up, or there was no lease
};

/// Begins Seat::holder if the log of the seat has moved to another place; the rest says which.
inline constexpr std::string_view moved_prefix = "moved to ";
[[nodiscard]] inline bool has_moved(const Seat& seat) {
  return seat.holder.starts_with(moved_prefix);
}
/// Whether the log of another engine is being copied to the seat, or that was interrupted: nobody takes
/// the seat before the copy is complete. Then its epoch is above 0.
[[nodiscard]] inline bool awaits_copy(const Seat& seat) {
  return seat.epoch == 0 && !seat.holder.empty();
}

/// Whether the process that calls itself so has ended for sure: nobody knows, if empty.
using HasEnded = std::function<bool(const std::string& holder)>;

/// Whether a lease that has ended says that its holder is silent. After an outage of the server it does not:
/// nobody could renew one meanwhile, and the holders must get the time to do so. Nor after a pause of the
/// process that looks.
class LeaseTrust {
 public:
  /// `grace`: how long the server must have answered. `gap_max`: between two answers, else the server or this
  /// process was away.
  LeaseTrust(std::chrono::milliseconds grace, std::chrono::milliseconds gap_max)
      : grace_(grace), gap_max_(gap_max) {}

  /// The server has answered.
  void on_answer(SteadyUs now_us) {
    if (!last_us_ || now_us - *last_us_ > to_us(gap_max_)) since_us_ = now_us;
    last_us_ = now_us;
  }
  /// REQUIRES: the server has answered at `now_us`.
  [[nodiscard]] bool is_justified(SteadyUs now_us) const {
    return now_us - since_us_ >= to_us(grace_);
  }

 private:
  std::chrono::milliseconds grace_;
  std::chrono::milliseconds gap_max_;
  SteadyUs since_us_ = 0;  ///< it has answered since then
  std::optional<SteadyUs> last_us_{};
};

/// What a process may do now.
struct SeatChoice {
  std::optional<std::string> take{};  ///< this seat; empty: wait
  std::string reason{};               ///< why it waits, for people
};

/// Decides which of `seats`, as one look at the table has found them, the process `own` takes: one that it
/// holds already, as after a commit without an answer; otherwise one that was given up, whose holder has
/// ended, or, if `trusts_leases` (see LeaseTrust), whose lease has ended; and of several such first those that
/// have had a holder, then by a hash of both names, so that processes that start together do not all try the
/// same; none whose log has moved or awaits a copy. `allowed`: names of seats; null: all.
[[nodiscard]] SeatChoice choose_seat(const std::vector<Seat>& seats,
                                     const std::vector<std::string>* allowed,
                                     const std::string& own, const HasEnded& has_ended,
                                     bool trusts_leases = true);

}  // namespace millrace::postgres_log
