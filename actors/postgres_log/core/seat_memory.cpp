#include "actors/postgres_log/core/seat_memory.hpp"

namespace millrace::postgres_log {

Result<void> check_memory(const std::string& node, const SeatMemory& remembered,
                          const SeatMemory& found, const std::string& where) {
  if (found.epoch >= remembered.epoch) return {};
  const bool is_made_anew = found.schema == remembered.schema && found.number != remembered.number;
  if (is_made_anew) return {};
  return Error{ErrorCode::outdated,
               where + " is not what node " + node + " wrote to: its epoch there is " +
                   std::to_string(found.epoch) + ", expected at least " +
                   std::to_string(remembered.epoch) + " as " + remembered.kept_in +
                   " says; start on the database that has its log. To accept that all it confirmed "
                   "since is lost, remove that file"};
}

}  // namespace millrace::postgres_log
