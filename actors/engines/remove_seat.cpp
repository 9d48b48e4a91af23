#include "actors/engines/remove_seat.hpp"

#include "actors/postgres_log/seat_removal.hpp"

namespace millrace::engines {

Result<void> remove_seat(const postgres_log::Options& options) {
  return postgres_log::remove_seat(options);
}

}  // namespace millrace::engines
