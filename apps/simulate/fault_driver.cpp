#include "apps/simulate/fault_driver.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "apps/report/format.hpp"

namespace millrace::simulate {
namespace {

/// Extra duration of a sync on a slow disk, as on a loaded network disk.
constexpr std::int64_t slow_disk_us = 40'000;

std::string describe(const FaultMoment& moment) {
  if (moment.kind == FaultKind::move) {
    return node_name(moment.node) + " > " + node_name(moment.peer);
  }
  if (moment.kind == FaultKind::clock) {
    const bool is_back = moment.clock_us < 0;
    return (moment.is_at_all ? "all nodes" : node_name(moment.node)) + (is_back ? " -" : " +") +
           report::short_duration(is_back ? -moment.clock_us : moment.clock_us) +
           (moment.is_corrected ? ", then corrected" : "");
  }
  if (moment.kind == FaultKind::db_failover && moment.runs_on) {
    return "servers, the former primary runs on";
  }
  if (is_of_servers(moment.kind)) return "servers";
  if (moment.kind == FaultKind::db_cut) {
    return node_name(moment.node) + (moment.is_silent ? " | servers, silently" : " | servers");
  }
  if (moment.kind != FaultKind::partition) return node_name(moment.node);
  return node_name(moment.node) + " | " + node_name(moment.peer);
}

}  // namespace

FaultDriver::FaultDriver(std::vector<FaultMoment> plan, Fleet& fleet, const WitnessMemory& witness,
                         servers::Database* database, std::vector<report::Fault>& faults,
                         TimeUs began_us)
    : plan_(std::move(plan)),
      fleet_(fleet),
      head_(witness.head()),
      database_(database),
      faults_(faults),
      began_us_(began_us) {}

bool FaultDriver::is_hit(std::uint32_t node) const {
  return std::any_of(active_.begin(), active_.end(), [node](const Active& active) {
    if (is_of_servers(active.moment.kind)) return false;
    const bool is_pair = active.moment.kind == FaultKind::partition;
    return active.moment.node == node || (is_pair && active.moment.peer == node);
  });
}

bool FaultDriver::are_servers_hit() const {
  return std::any_of(active_.begin(), active_.end(),
                     [](const Active& active) { return is_of_servers(active.moment.kind); });
}

Result<void> FaultDriver::step(TimeUs now_us, bool is_ending) {
  if (auto ended = end_due(now_us); !ended) return ended;
  due_us_ = due_us(now_us, is_ending);
  if (due_us_ && *due_us_ <= now_us) {
    if (auto struck = strike(now_us); !struck) return struck;
    due_us_.reset();
  }
  note_confirmed(now_us);
  note_taken_over();
  note_recovered(now_us);
  return {};
}

std::optional<TimeUs> FaultDriver::next_us() const {
  std::optional<TimeUs> next = due_us_;
  for (const Active& active : active_) {
    if (active.over_us && (!next || *active.over_us < *next)) next = active.over_us;
  }
  return next;
}

/// Start of the next fault. Returns nullopt if none is left, its progress is not reached, its node
/// does not run, or a fault on its node is still active.
std::optional<TimeUs> FaultDriver::due_us(TimeUs now_us, bool is_ending) {
  if (next_ >= plan_.size()) return std::nullopt;
  const FaultMoment& moment = plan_[next_];
  const bool is_pair = moment.kind == FaultKind::partition;
  if (is_of_servers(moment.kind)) {
    if (are_servers_hit()) return std::nullopt;
    const bool is_reached = head_.finished() >= moment.finished;
    if (!reached_us_ && is_reached) reached_us_ = now_us;
    if (!reached_us_) return std::nullopt;
    return *reached_us_ + moment.delay_us;
  }
  if (is_hit(moment.node) || (is_pair && is_hit(moment.peer))) return std::nullopt;
  if (!fleet_.is_running(moment.node)) return std::nullopt;
  // Whatever ends the process of a node is for a standby to make good.
  const bool ends_process = moment.kind == FaultKind::kill || moment.kind == FaultKind::destroy ||
                            moment.kind == FaultKind::pause || moment.kind == FaultKind::restart;
  if (fleet_.has_standbys() && ends_process && !moment.is_after_start && !is_ending &&
      !fleet_.has_waiting()) {
    return std::nullopt;
  }
  // A node handles SIGTERM only after it serves.
  const bool needs_drain = moment.kind == FaultKind::restart || moment.kind == FaultKind::restore;
  if (needs_drain && !fleet_.serves(moment.node)) return std::nullopt;
  if (moment.is_after_start) return restarted_us_ + moment.delay_us;
  const bool is_at_end = moment.finished >= head_.orders;
  const bool is_reached =
      is_at_end ? is_ending : fleet_.serves(moment.node) && head_.finished() >= moment.finished;
  if (!reached_us_ && is_reached) reached_us_ = now_us;
  if (!reached_us_) return std::nullopt;
  return *reached_us_ + moment.delay_us;
}

Result<void> FaultDriver::note_end_from_outside(const Fleet::Ended& ended, TimeUs now_us) {
  const bool is_killed = ended.end.signal != 0;
  const auto was_paused = [&](const Active& active) {
    return active.moment.kind == FaultKind::pause && active.process == ended.process;
  };
  const bool is_of_pause = std::any_of(paused_.begin(), paused_.end(), was_paused);
  std::erase_if(paused_, was_paused);
  if (ended.node && (is_killed || !is_of_pause)) {
    FaultMoment moment{.kind = FaultKind::kill};
    moment.node = *ended.node;
    unrecovered_.push_back({faults_.size(), moment, head_.finished()});
    faults_.push_back({.at_s = static_cast<double>(now_us - began_us_) / 1e6,
                       .kind = is_killed ? "kill by hand" : "lost to a standby",
                       .node = describe(moment),
                       .recovered_after_s = std::nullopt});
  }
  return fleet_.start(ended.node.value_or(0));
}

void FaultDriver::note_all_ended(TimeUs now_us) {
  if (next_ >= plan_.size()) return;
  plan_[next_].is_after_start = true;
  restarted_us_ = now_us;
}

Result<void> FaultDriver::strike(TimeUs now_us) {
  const FaultMoment& moment = plan_[next_++];
  reached_us_.reset();
  Active active{.moment = moment,
                .fault = faults_.size(),
                .process = fleet_.process_of(moment.node).value_or(0),
                .over_us = now_us + moment.duration_us};
  faults_.push_back({.at_s = static_cast<double>(now_us - began_us_) / 1e6,
                     .kind = std::string(to_string(moment.kind)),
                     .node = describe(moment),
                     .recovered_after_s = std::nullopt});
  begin_replaced(active, now_us);
  switch (moment.kind) {
    case FaultKind::kill:
      fleet_.kill(moment.node);
      break;
    case FaultKind::destroy:
      if (auto destroyed = fleet_.destroy(moment.node); !destroyed) return destroyed;
      break;
    case FaultKind::pause:
      fleet_.pause(active.process, true);
      break;
    case FaultKind::partition:
      fleet_.cut(moment.node, moment.peer, true);
      break;
    case FaultKind::restart:
      if (!fleet_.is_stop_requested(moment.node)) fleet_.terminate(moment.node);
      active.over_us.reset();
      break;
    case FaultKind::slow_disk:
      fleet_.set_disk_delay(moment.node, slow_disk_us);
      break;
    case FaultKind::move:
      fleet_.move_shard(moment.node, moment.peer);
      break;
    case FaultKind::clock:
      set_clock(moment, moment.clock_us);
      break;
    case FaultKind::restore:
      active.restoration.emplace(moment.node, moment.duration_us, fleet_, head_);
      active.over_us.reset();
      break;
    case FaultKind::db_restart:
    case FaultKind::db_failover:
    case FaultKind::db_pause:
    case FaultKind::db_cut:
    case FaultKind::standby_loss: {
      const auto node =
          moment.kind == FaultKind::db_cut ? std::optional(moment.node) : std::nullopt;
      gaps_.emplace_back(active.fault, node, confirmed(node), now_us);
      active.database.emplace(moment, active.process, *database_);
      active.over_us.reset();
      break;
    }
  }
  active_.push_back(active);
  return {};
}

std::uint64_t FaultDriver::confirmed(std::optional<std::uint32_t> node) const {
  if (node) return head_.node[*node].confirmed;
  std::uint64_t sum = 0;
  for (const NodePage& page : head_.in_use()) sum += page.confirmed;
  return sum;
}

// Called before the fault itself: the time includes that of the system call.
void FaultDriver::begin_replaced(const Active& active, TimeUs now_us) {
  const FaultMoment& moment = active.moment;
  const bool is_replaced = moment.kind == FaultKind::kill || moment.kind == FaultKind::destroy ||
                           moment.kind == FaultKind::pause;
  if (!is_replaced) return;
  // A process that was paused before, and woke up in time, has kept the node until now.
  std::erase_if(paused_, [&](const Active& each) { return each.process == active.process; });
  std::erase_if(replaced_, [&](const Replaced& each) { return each.node == moment.node; });
  if (!fleet_.has_waiting()) return;
  replaced_.push_back({active.fault, moment.node, head_.node[moment.node].pid, now_us});
}

void FaultDriver::note_taken_over() {
  const bool is_log_at_fault = !gaps_.empty();
  std::erase_if(replaced_, [&](const Replaced& each) {
    report::Fault& fault = faults_[each.fault];
    if (is_log_at_fault) fault.was_log_at_fault = true;
    const NodePage& page = head_.node[each.node];
    const std::int32_t pid = page.serving_pid;
    if (pid == each.pid || pid != page.pid || page.served_at_us < each.since_us) return false;
    fault.taken_over_after_s = static_cast<double>(page.served_at_us - each.since_us) / 1e6;
    return true;
  });
}

void FaultDriver::note_confirmed(TimeUs now_us) {
  std::erase_if(gaps_, [&](ConfirmationGap& gap) {
    const bool is_over = gap.note(confirmed(gap.node()), now_us);
    faults_[gap.fault()].nothing_confirmed_s = static_cast<double>(gap.longest_us()) / 1e6;
    return is_over;
  });
}

Result<void> FaultDriver::end_due(TimeUs now_us) {
  for (std::size_t i = 0; i < active_.size();) {
    const auto over = is_over(active_[i], now_us);
    if (!over) return over.error();
    if (!*over) {
      ++i;
      continue;
    }
    const Active active = active_[i];
    active_.erase(active_.begin() + static_cast<std::ptrdiff_t>(i));
    if (auto ended = end(active, now_us); !ended) return ended;
    unrecovered_.push_back({active.fault, active.moment, head_.finished()});
  }
  return {};
}

Result<bool> FaultDriver::is_over(Active& active, TimeUs now_us) {
  if (active.restoration) return active.restoration->step(now_us);
  if (active.database) return active.database->step(now_us);
  return active.over_us ? *active.over_us <= now_us : !fleet_.is_process_running(active.process);
}

bool FaultDriver::expects(const Fleet::Ended& ended) {
  return std::any_of(active_.begin(), active_.end(), [&](Active& active) {
    return active.restoration && active.moment.node == ended.node &&
           active.restoration->take_end(ended.end);
  });
}

void FaultDriver::set_clock(const FaultMoment& moment, DurationUs offset_us) {
  for (std::uint32_t node = 0; node < fleet_.size(); ++node) {
    if (moment.is_at_all || node == moment.node) fleet_.set_clock(node, offset_us);
  }
}

Result<void> FaultDriver::end(const Active& active, TimeUs now_us) {
  const FaultMoment& moment = active.moment;
  if (active.restoration) faults_[active.fault].note = active.restoration->note();
  for (ConfirmationGap& gap : gaps_) {
    if (gap.fault() == active.fault) gap.end_fault();
  }
  switch (moment.kind) {
    case FaultKind::kill:
    case FaultKind::destroy:
    case FaultKind::restart:
    case FaultKind::restore:
      restarted_us_ = now_us;
      return fleet_.start(moment.node);
    case FaultKind::pause:
      fleet_.pause(active.process, false);
      paused_.push_back(active);
      break;
    case FaultKind::partition:
      fleet_.cut(moment.node, moment.peer, false);
      break;
    case FaultKind::slow_disk:
      fleet_.set_disk_delay(moment.node, 0);
      break;
    case FaultKind::clock:
      if (moment.is_corrected) set_clock(moment, 0);
      break;
    case FaultKind::move:
    case FaultKind::db_restart:
    case FaultKind::db_failover:
    case FaultKind::db_pause:
    case FaultKind::db_cut:
    case FaultKind::standby_loss:
      break;
  }
  return {};
}

/// The work goes on after a pause: a process that is still its node has kept it. If another one takes it
/// later, the pause is not the reason.
void FaultDriver::forget_pause(std::size_t fault) {
  std::erase_if(replaced_, [&](const Replaced& each) {
    return each.fault == fault && head_.node[each.node].pid == each.pid;
  });
  std::erase_if(paused_, [&](const Active& each) {
    return each.fault == fault && fleet_.process_of(each.moment.node) == each.process;
  });
}

/// The work has recovered when another order is finished or, if all are, when the node serves.
void FaultDriver::note_recovered(TimeUs now_us) {
  std::erase_if(unrecovered_, [&](const Unrecovered& each) {
    if (!is_of_servers(each.moment.kind) && !fleet_.serves(each.moment.node)) return false;
    const std::uint64_t finished = head_.finished();
    if (finished == each.finished && finished < head_.orders) return false;
    report::Fault& fault = faults_[each.fault];
    fault.recovered_after_s = static_cast<double>(now_us - began_us_) / 1e6 - fault.at_s;
    if (each.moment.kind == FaultKind::pause) forget_pause(each.fault);
    return true;
  });
}

}  // namespace millrace::simulate
