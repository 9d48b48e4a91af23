#include "tests/sim/cluster_sim.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "actors/state_store/memory_table.hpp"
#include "messages/hash.hpp"
#include "tests/sim/cluster_sim_node.hpp"
#include "tests/sim/lazy_receiver_actor.hpp"
#include "tests/sim/saboteur_actor.hpp"

namespace millrace {
namespace {

constexpr std::uint32_t rest_ticks = 120'000;  // milliseconds
constexpr std::uint32_t moving_ticks = 1'000;  // the first of them, in which shards still move
constexpr std::uint32_t step_ticks = 20'000;   // the first of them, in which clocks are still set
constexpr DurationUs restart_step_max_us = 5'000'000;
// Longer than the lease by the slowest clock of a node.
constexpr std::chrono::milliseconds late{1'000};
constexpr std::chrono::milliseconds never{1'000'000'000};  // a worker that hangs

}  // namespace

ClusterSim::ClusterSim(ClusterSimOptions options)
    : SimulatedCluster(options.seed, options.down_max_ms, restart_step_max_us),
      options_(options),
      has_disks_(options.seed % 2 == 0),
      has_pages_(options.seed % 11 < 6 || options.sabotage == Sabotage::state_store),
      is_one_group_(options.seed % 4 < 2),
      window_bytes_(options.seed % 5 < 2 ? 500 : transport::TransportOptions{}.window_bytes),
      is_founded_(options.seed % 4 != 3),
      has_late_receivers_(options.seed % 3 != 2),
      has_steps_(options.seed % 3 != 0),
      has_killers_(options.seed % 4 > 1),
      has_large_steps_(options.seed % 3 == 1),
      is_last_missing_(options.nodes > 2 && options.seed % 5 == 3),
      may_remove_(options.nodes > 2 &&
                  (options.seed % 5 == 1 || options.sabotage == Sabotage::removal)),
      calm_(options.seed % 7 < 3   ? 1
            : options.seed % 7 < 5 ? 8
                                   : 40),
      watch_(std::make_shared<sim::Watch>(sim::Watch{.random = std::mt19937_64(options.seed)})) {
  for (std::uint32_t i = 0; i < options_.nodes; ++i) {
    names_.emplace_back(1, static_cast<char>('a' + i));
  }
  for (std::uint32_t i = 0; i < options_.nodes; ++i) add_node(i);
  for (auto& node : nodes_) {
    if (!is_missing(*node)) start(*node);
  }
}

ClusterSim::~ClusterSim() {
  kill_all();
}

void ClusterSim::add_node(std::uint32_t index) {
  auto made = std::make_unique<Node>();
  made->name = names_[index];
  made->first_number = (index + 1) * sim::numbers_per_node;
  give_clock(*made);
  Node* const self = made.get();
  MovingNodeOptions options;
  std::function<void()> on_killer;
  if (has_killers_) {
    on_killer = [self] {
      if (!self->death) self->death = self->node->running();
    };
  }
  options.pipelines = sim::workload(watch_, on_killer);
  options.node.notes_running = has_killers_ && options_.sabotage != Sabotage::suspicion;
  const bool joins_later = is_missing(*self);
  {
    // The node that is added knows of itself.
    const bool is_last_missing = std::exchange(is_last_missing_, is_last_missing_ && !joins_later);
    options.groups = groups();
    options.others = configured();
    is_last_missing_ = is_last_missing;
  }
  std::erase(options.others, self->name);
  options.is_founded = options_.sabotage == Sabotage::founding || (is_founded_ && !joins_later);
  options.window_bytes = window_bytes_;
  options.remote = [this](const queues::OfferHandle& remote) {
    return sabotage(system_.system(), options_.sabotage, remote, random_);
  };
  if (options_.sabotage == Sabotage::wall_time) self->clock->never_goes_back();
  if (options_.sabotage == Sabotage::steady_time) self->clock->is_steady_by_wall();
  TestNodeOptions& setup = options.node;
  setup.first_generation = index * 1'000'000 + 1;
  setup.on_outdated = [this, self](const Error& error) {
    on_outdated(*self, error);
  };
  setup.shards = options_.shards;
  setup.seed = options_.seed + index;
  setup.limits = random_limits();
  if (has_pages_) {
    setup.make_table = [this, random = std::mt19937_64(options_.seed + index)]() mutable {
      return make_table(random());
    };
  }
  if (has_disks_) {
    setup.make_log = [self, seed = random_()] {
      auto log = std::make_unique<DiskLog>(seed);
      self->disk = log.get();
      return log;
    };
  }
  build(*self, std::move(options));
  sabotage(self->node->log(), options_.sabotage);
  if (options_.sabotage == Sabotage::syncs && has_disks_) self->disk->lie_about_syncs();
  nodes_.push_back(&adopt(std::move(made)));
}

// Sometimes small limits, so that queues fill up and offers are split.
queues::Limits ClusterSim::random_limits() {
  queues::Limits limits;
  if (random_() % 2 == 0) limits.backlog_messages = 8 + random_() % 40;
  if (random_() % 2 == 0) limits.run_bytes = 1 + random_() % 100;
  if (random_() % 2 == 0)
    limits.retry_first_us = 1'000 + static_cast<DurationUs>(random_() % 99'000);
  limits.failed_max = 5 + static_cast<std::uint32_t>(random_() % 20);
  if (has_large_steps_) limits.idempotency_window_us = limits.producer_idle_us = time_max_us;
  // Of a few keys, of one, or of none.
  if (has_pages_) limits.state_cache_bytes = options_.seed % 3 == 0 ? 1 : 700 * (options_.seed % 3);
  return limits;
}

namespace {

class ForgetfulTable final : public states::MemoryTable {
 public:
  ForgetfulTable(std::uint64_t seed, bool peeks)
      : MemoryTable(std::make_shared<states::MemoryDisk>(), peeks), random_(seed) {}
  Result<void> write(const states::Batch& batch) override {
    return random_() % 8 == 0 ? Result<void>() : MemoryTable::write(batch);
  }

 private:
  std::mt19937_64 random_;
};

}  // namespace

std::unique_ptr<states::Table> ClusterSim::make_table(std::uint64_t seed) const {
  const bool peeks = options_.seed % 2 == 0;
  if (options_.sabotage == Sabotage::state_store) {
    return std::make_unique<ForgetfulTable>(seed, peeks);
  }
  return std::make_unique<states::MemoryTable>(std::make_shared<states::MemoryDisk>(), peeks);
}

std::string ClusterSim::role_of(const std::string& queue) const {
  return is_one_group_ ? std::string() : sim::role_of(queue);
}

std::vector<moves::QueueGroup> ClusterSim::groups() const {
  const std::vector<PipelineSpec> all = sim::workload(watch_);
  const std::vector<std::string> names = configured();
  const auto home = [&names](std::size_t at) {
    return names[at % names.size()];
  };
  if (is_one_group_) return one_group(all, options_.shards, names, home);
  return groups_by_stage(all, options_.shards, names, [&](const auto& queue, std::uint32_t shard) {
    return home(shard + (queue == sim::passed().name() ? 1 : 0));
  });
}

bool ClusterSim::is_absent(const SimulatedNode& node) const {
  return is_missing(static_cast<const Node&>(node));
}

void ClusterSim::before_start(SimulatedNode& node) {
  if (random_() % 3 == 0) node.node->set_limits(random_limits());
}

void ClusterSim::after_start(SimulatedNode& node) {
  Node& started = static_cast<Node&>(node);
  started.has_former_layout = false;
  if (has_late_receivers_ && started.moving->is_serving()) start_lazy(started);
}

void ClusterSim::before_kill(SimulatedNode& node) {
  Node& killed = static_cast<Node&>(node);
  killed.end_lazy_receivers();
  killed.end_lasting_receivers();
}

// Some of them never answer, and some go on after the faults have ended.
void ClusterSim::start_lazy(Node& node) {
  for (const queues::QueueNumber number : node.node->served(sim::entered().name())) {
    if (random_() % 4 != 0) continue;
    const queues::QueueHandle& queue = node.node->actors().handle(number);
    auto& ends = random_() % 2 == 0 ? node.end_lasting : node.end_lazy;
    ends.push_back(spawn_lazy_receiver(system_.system(), queue, random_() % 4 == 0 ? never : late));
  }
}

void ClusterSim::restart_nodes() {
  for (auto& each : nodes_) {
    if (each->disk != nullptr) each->disk->set_faulty(true);
  }
  restart_down();
}

void ClusterSim::heal() {
  watch_->is_failing = false;
  network_.set_faults({});
  mend_links();
  if (is_last_missing_) join_last();
  for (auto& node : nodes_) {
    if (is_missing(*node)) continue;
    if (node->disk != nullptr) node->disk->set_faulty(false);
    if (has_steps_) step_clock(*node);
    if (node->newest) put_back_newest(*node);
    if (node->has_former_layout) kill(*node);
    if (!node->node->is_up()) start(*node);
    node->end_lazy_receivers();
    // A draining node is not killed, and accepts no offers.
    if (node->ticks_left > 0) {
      kill(*node);
      start(*node);
    }
    while (node->entered < options_.numbers && !is_retired(*node)) enter(*node);
  }
}

std::string ClusterSim::violation() const {
  if (!watch_->violation.empty()) return watch_->violation;
  if (std::string wrong = SimulatedCluster::violation(); !wrong.empty()) return wrong;
  for (const auto& node : nodes_) {
    if (node->disk == nullptr || node->disk->violation().empty()) continue;
    return "the disk of " + node->name + ": " + node->disk->violation();
  }
  return {};
}

std::string ClusterSim::run() {
  for (std::uint32_t i = 0; i < options_.trouble_ms && violation().empty(); ++i) {
    if (i % options_.trouble_interval_ms == 0) make_trouble();
    watch_copies();
    watch_removal();
    restart_nodes();
    if (options_.mend_interval_ms != 0 && i % options_.mend_interval_ms == 0) mend_links();
    tick();
    if (i % options_.audit_interval_ms != options_.audit_interval_ms - 1) continue;
    if (std::string wrong = safety(); !wrong.empty()) return wrong;
  }
  heal();
  std::vector<std::int64_t> all;
  for (const auto& node : nodes_) {
    for (std::uint32_t n = 0; n < node->entered; ++n) all.push_back(node->first_number + n);
  }
  for (std::uint32_t i = 0; i < rest_ticks && violation().empty(); ++i) {
    if (i < moving_ticks && random_() % 20 == 0) move_shard(*nodes_[random_() % nodes_.size()]);
    if (has_steps_ && i < step_ticks && random_() % 300 == 0) {
      step_clock(*nodes_[random_() % nodes_.size()]);
    }
    restart_down();
    watch_removal();
    tick();
    if (i % options_.audit_interval_ms != options_.audit_interval_ms - 1 || is_last_leaving_) {
      continue;
    }
    const sim::ClusterAudit found = audit();
    if (found.queued() == 0 && found.is_complete(all).empty()) return {};
  }
  if (std::string wrong = violation(); !wrong.empty()) return wrong;
  if (std::string wrong = safety(); !wrong.empty()) return wrong;
  return "not at rest " + std::to_string(rest_ticks / 1'000) +
         " s after healing: " + audit().is_complete(all);
}

sim::ClusterAudit ClusterSim::audit() const {
  std::vector<Store> stores;
  for (const auto& node : nodes_) stores.push_back(MemoryLog::replay(node->records()));
  return {stores, [this](const std::string& queue) { return role_of(queue); }, has_killers_};
}

std::string ClusterSim::safety() const {
  std::vector<std::int64_t> confirmed;
  for (const auto& node : nodes_) {
    for (const pb::Envelope& each : node->node->confirmed(sim::entered().name())) {
      confirmed.push_back(sim::number_in(each));
    }
  }
  return audit().conserves(confirmed, watch_->failures);
}

std::uint64_t ClusterSim::digest() const {
  std::uint64_t digest = 0;
  for (const auto& node : nodes_) {
    for (const std::string& record : node->node->log().records()) {
      digest = digest * 31 + hash_key(record);
    }
  }
  return digest;
}

ClusterSim::Counts ClusterSim::counts() const {
  Counts counts = counts_;
  static_cast<SimulatedCluster::Counts&>(counts) = counts_so_far();
  counts.late_offers = static_cast<std::uint64_t>(late_numbers_);
  for (const auto& node : nodes_) {
    if (node->disk != nullptr) counts.disk_faults += node->disk->faults();
  }
  return counts;
}

}  // namespace millrace
