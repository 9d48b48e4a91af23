#include "apps/simulate/plan/fault_plan.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <random>
#include <utility>

namespace millrace::simulate {
namespace {

constexpr std::array<std::pair<FaultKind, std::string_view>, 14> names{{
    {FaultKind::kill, "kill"},
    {FaultKind::pause, "pause"},
    {FaultKind::partition, "partition"},
    {FaultKind::restart, "restart"},
    {FaultKind::slow_disk, "slow-disk"},
    {FaultKind::move, "move"},
    {FaultKind::clock, "clock"},
    {FaultKind::restore, "restore"},
    {FaultKind::destroy, "destroy"},
    {FaultKind::db_restart, "db-restart"},
    {FaultKind::db_failover, "db-failover"},
    {FaultKind::db_pause, "db-pause"},
    {FaultKind::db_cut, "db-cut"},
    {FaultKind::standby_loss, "standby-loss"},
}};

constexpr DurationUs delay_max_us = 50'000;
/// Nominal duration of a move. Shorter than a real move, so that the next fault can hit the same
/// node while the move is in progress.
constexpr DurationUs move_us = 50'000;

/// 1 ms to 1 s, log-uniform: recoveries take from milliseconds to seconds.
DurationUs pick_delay_after_start(std::mt19937_64& random) {
  std::uniform_real_distribution<double> decades(3, 6);
  return static_cast<DurationUs>(std::pow(10, decades(random)));
}

/// Beyond the lease, but not for ever.
DurationUs pick_pause_beyond(DurationUs lease_us, std::mt19937_64& random) {
  std::uniform_int_distribution<DurationUs> more(200'000, 4'000'000);
  return lease_us + more(random);
}

/// 1 ms to a day, log-uniform, forwards or back.
DurationUs pick_step(std::mt19937_64& random) {
  std::uniform_real_distribution<double> decades(3, std::log10(86'400e6));
  const auto step_us = static_cast<DurationUs>(std::pow(10, decades(random)));
  return random() % 2 == 0 ? step_us : -step_us;
}

/// With one node, a kill ends at once: no other node has to notice it. With several nodes, some
/// faults are shorter than membership.acceptable_pause and some are longer.
DurationUs pick_duration(FaultKind kind, std::uint32_t nodes, std::mt19937_64& random) {
  if (kind == FaultKind::move) return move_us;
  if (kind == FaultKind::restart || (kind == FaultKind::kill && nodes == 1)) return 0;
  const bool ends_a_process =
      kind == FaultKind::kill || kind == FaultKind::destroy || kind == FaultKind::db_restart;
  const double longest_s = ends_a_process ? 2 : 8;
  std::uniform_real_distribution<double> decades(std::log10(0.05), std::log10(longest_s));
  return static_cast<DurationUs>(std::pow(10, decades(random)) * 1e6);
}

class Planner {
 public:
  explicit Planner(const FaultPlanOptions& options)
      : options_(options), random_(options.seed ^ 0x6372617368u) {}

  std::vector<FaultMoment> run() {
    for (std::uint32_t i = 0; i < options_.kills; ++i) add(FaultKind::kill);
    for (std::uint32_t i = 0; i < options_.count && !options_.kinds.empty(); ++i) {
      add(options_.kinds[i % options_.kinds.size()]);
    }
    std::sort(moments_.begin(), moments_.end(),
              [](const FaultMoment& a, const FaultMoment& b) { return a.finished < b.finished; });
    for (FaultMoment& moment : after_start_) {
      const auto place =
          moments_.begin() + 1 + static_cast<std::ptrdiff_t>(random_() % moments_.size());
      moment.finished = (place - 1)->finished;
      moment.node = (place - 1)->node;
      moments_.insert(place, moment);
    }
    return std::move(moments_);
  }

 private:
  void add(FaultKind kind) {
    FaultMoment moment{.kind = kind};
    moment.node = static_cast<std::uint32_t>(random_() % options_.nodes);
    if (options_.nodes > 1) {
      const auto step = 1 + static_cast<std::uint32_t>(random_() % (options_.nodes - 1));
      moment.peer = (moment.node + step) % options_.nodes;
    }
    moment.duration_us = pick_duration(kind, options_.nodes, random_);
    if (kind == FaultKind::pause && options_.lease_us > 0 && random_() % 2 == 0) {
      moment.duration_us = pick_pause_beyond(options_.lease_us, random_);
    }
    if (kind == FaultKind::db_failover) moment.runs_on = random_() % 2 == 0;
    if (kind == FaultKind::db_cut) moment.is_silent = random_() % 2 == 0;
    if (kind == FaultKind::kill && !moments_.empty() && random_() % 3 == 0) {
      moment.is_after_start = true;
      moment.delay_us = pick_delay_after_start(random_);
      after_start_.push_back(moment);
      return;
    }
    if (kind == FaultKind::clock) {
      moment.clock_us = pick_step(random_);
      moment.is_at_all = random_() % 3 == 0;
      moment.is_corrected = random_() % 2 == 0;
    }
    const bool is_at_end = kind == FaultKind::kill && random_() % 8 == 0;
    // Work must be left for the time after the copy: otherwise there is nothing that it lacks.
    const std::uint64_t latest =
        kind == FaultKind::restore ? options_.orders / 2 : options_.orders - 1;
    moment.finished = is_at_end ? options_.orders
                                : std::uniform_int_distribution<std::uint64_t>(0, latest)(random_);
    moment.delay_us = std::uniform_int_distribution<DurationUs>(0, delay_max_us)(random_);
    moments_.push_back(moment);
  }

  const FaultPlanOptions& options_;
  std::mt19937_64 random_;
  std::vector<FaultMoment> moments_;
  std::vector<FaultMoment> after_start_;
};

}  // namespace

std::string_view to_string(FaultKind kind) {
  for (const auto& [known, name] : names) {
    if (known == kind) return name;
  }
  return "fault";
}

std::optional<FaultKind> parse_fault_kind(std::string_view text) {
  for (const auto& [kind, name] : names) {
    if (name == text) return kind;
  }
  return std::nullopt;
}

std::vector<FaultMoment> plan_faults(const FaultPlanOptions& options) {
  return Planner(options).run();
}

}  // namespace millrace::simulate
