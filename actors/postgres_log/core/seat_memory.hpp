// What a process remembers of a seat that it has held: so that it notices that a database lacks what it has
// confirmed, as after a schema was dropped or an old backup restored. Pure.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "actors/base/time.hpp"
#include "messages/result.hpp"

namespace millrace::postgres_log {

struct SeatMemory {
  std::string schema{};     ///< SchemaFacts::id
  std::int32_t number = 0;  ///< Seat::number
  std::uint64_t epoch = 0;  ///< the highest one
  std::string kept_in{};    ///< the file, for people; empty: nothing is remembered
};

/// Compares what is remembered of the seat of `node` with what the database `where` has. An epoch never goes
/// back, but in another database or an older state of it, which lacks what was confirmed since. A seat that
/// was removed and made anew in the same schema has another number, and begins anew. Fails with `outdated`.
[[nodiscard]] Result<void> check_memory(const std::string& node, const SeatMemory& remembered,
                                        const SeatMemory& found, const std::string& where);

/// Whether a database that has less than a process remembers is taken for the one that is left. A former
/// primary that runs on has less as well, and the new one may be out of reach for the moment: a process that
/// ended for that is not started again. So it counts once nothing else was found for as long as `patience`.
class LessFound {
 public:
  explicit LessFound(std::chrono::microseconds patience) : patience_us_(patience.count()) {}

  /// An attempt has found such a database at `now_us`.
  [[nodiscard]] bool counts(SteadyUs now_us) {
    if (!since_us_) since_us_ = now_us;
    return now_us >= *since_us_ + patience_us_;
  }

 private:
  const DurationUs patience_us_;
  std::optional<SteadyUs> since_us_{};  ///< of the first one
};

}  // namespace millrace::postgres_log
