// DatabaseFault: a fault of the servers that keep the logs, or of a node's way to them.
//
//   begin ─▶ lasts for its duration ─▶ end
//
// To begin and to end takes time on the thread of the servers, while the nodes are watched.
#pragma once

#include <cstdint>
#include <optional>

#include "actors/base/time.hpp"
#include "apps/simulate/plan/fault_plan.hpp"
#include "apps/simulate/servers/database.hpp"

namespace millrace::simulate {

/// Not thread-safe. The database must outlive this object.
class DatabaseFault {
 public:
  /// Begins it. `process`: which a cut hits. REQUIRES: needs_own_servers(moment.kind); no other fault of the servers is under way if
  /// this is one.
  DatabaseFault(const FaultMoment& moment, std::uint32_t process, servers::Database& database);

  /// Continues with what is due. Returns true at the end. Fails as the work of ServerPair.
  Result<bool> step(SteadyUs now_us);

 private:
  enum class Phase : std::uint8_t { beginning, lasting, ending };

  void begin();
  void end();

  FaultMoment moment_;
  std::uint32_t process_;
  servers::Database* database_;
  Phase phase_ = Phase::beginning;
  SteadyUs until_us_ = 0;  ///< while it lasts
};

}  // namespace millrace::simulate
