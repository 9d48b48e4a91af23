#include "apps/simulate/database_fault.hpp"

namespace millrace::simulate {
namespace {

using servers::Database;
using servers::ServerPair;

Result<void> fail_over(ServerPair& pair, bool runs_on) {
  pair.cut_replication();
  if (!runs_on) {
    if (auto stopped = pair.stop_primary(); !stopped) return stopped;
  }
  return pair.promote();
}

}  // namespace

DatabaseFault::DatabaseFault(const FaultMoment& moment, std::uint32_t process, Database& database)
    : moment_(moment), process_(process), database_(&database) {
  begin();
}

void DatabaseFault::begin() {
  switch (moment_.kind) {
    case FaultKind::db_restart:
      database_->request([](ServerPair& pair) { return pair.stop_primary(); });
      break;
    case FaultKind::db_failover:
      database_->request(
          [runs_on = moment_.runs_on](ServerPair& pair) { return fail_over(pair, runs_on); });
      break;
    case FaultKind::db_pause:
      database_->request([](ServerPair& pair) {
        pair.pause_primary(true);
        return Result<void>();
      });
      break;
    case FaultKind::standby_loss:
      database_->request([](ServerPair& pair) { return pair.stop_standby(); });
      break;
    case FaultKind::db_cut:
      database_->cut(process_, moment_.is_silent ? Database::Cut::silent : Database::Cut::closed);
      break;
    default:
      break;
  }
}

void DatabaseFault::end() {
  switch (moment_.kind) {
    case FaultKind::db_restart:
      database_->request([](ServerPair& pair) { return pair.start_primary(); });
      break;
    case FaultKind::db_failover:
      database_->request([](ServerPair& pair) { return pair.rebuild_standby(); });
      break;
    case FaultKind::db_pause:
      database_->request([](ServerPair& pair) {
        pair.pause_primary(false);
        return Result<void>();
      });
      break;
    case FaultKind::standby_loss:
      database_->request([](ServerPair& pair) { return pair.start_standby(); });
      break;
    case FaultKind::db_cut:
      database_->cut(process_, Database::Cut::none);
      break;
    default:
      break;
  }
}

Result<bool> DatabaseFault::step(SteadyUs now_us) {
  // A cut needs no thread: other work may go on there.
  const Result<bool> is_idle =
      is_of_servers(moment_.kind) ? database_->is_idle() : Result<bool>(true);
  if (!is_idle || !*is_idle) return is_idle;
  switch (phase_) {
    case Phase::beginning:
      phase_ = Phase::lasting;
      until_us_ = now_us + moment_.duration_us;
      return false;
    case Phase::lasting:
      if (now_us < until_us_) return false;
      phase_ = Phase::ending;
      end();
      return !is_of_servers(moment_.kind);
    case Phase::ending:
      return true;
  }
  return false;
}

}  // namespace millrace::simulate
