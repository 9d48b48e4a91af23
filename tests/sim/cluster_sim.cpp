#include "tests/sim/cluster_sim.hpp"

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <tuple>
#include <utility>

#include "messages/hash.hpp"
#include "tests/sim/disk_log.hpp"
#include "tests/sim/lazy_receiver_actor.hpp"
#include "tests/sim/saboteur_actor.hpp"
#include "tests/sim/skewed_clock.hpp"

namespace millrace {
namespace {

constexpr std::uint32_t rest_ticks = 120'000;  // milliseconds
constexpr std::uint32_t moving_ticks = 1'000;  // of these, shards still move
constexpr DurationUs skew_max_us = 3'600'000'000;
constexpr DurationUs step_max_us = 5'000'000;
constexpr std::int64_t rate_max_ppm = 50'000;
// Far beyond the lease, however slow the node's clock is.
constexpr std::chrono::milliseconds late{1'000};

}  // namespace

struct ClusterSim::Node {
  std::string name;
  std::int64_t first_number = 0;
  std::uint32_t entered = 0;
  std::unique_ptr<SkewedClock> clock;
  DiskLog* disk = nullptr;  ///< null: its log is in memory
  std::unique_ptr<MovingNode> moving;
  TestNode* node = nullptr;  ///< of `moving`
  std::vector<std::function<void()>> end_lazy;
  std::uint32_t down_ticks = 0;
  std::uint32_t ticks_left = 0;  ///< until it ends; 0: its end is not near

  void end_lazy_receivers() {
    for (const auto& end : std::exchange(end_lazy, {})) end();
  }
};

ClusterSim::ClusterSim(ClusterSimOptions options)
    : options_(options),
      has_disks_(options.seed % 2 == 0),
      window_bytes_(options.seed % 5 < 2 ? 500 : transport::TransportOptions{}.window_bytes),
      has_late_receivers_(options.seed % 3 == 0),
      calm_(options.seed % 7 < 3   ? 1
            : options.seed % 7 < 5 ? 8
                                   : 40),
      random_(options.seed),
      system_(options.seed),
      network_(options.seed),
      watch_(std::make_shared<sim::Watch>(sim::Watch{.random = std::mt19937_64(options.seed)})) {
  for (std::uint32_t i = 0; i < options_.nodes; ++i) {
    names_.emplace_back(1, static_cast<char>('a' + i));
  }
  for (std::uint32_t i = 0; i < options_.nodes; ++i) add_node(i);
  for (auto& node : nodes_) start(*node);
}

ClusterSim::~ClusterSim() {
  for (auto& node : nodes_) kill(*node);
}

void ClusterSim::add_node(std::uint32_t index) {
  auto node = std::make_unique<Node>();
  node->name = names_[index];
  node->first_number = (index + 1) * sim::numbers_per_node;
  const std::int64_t rate_ppm = random_us(rate_max_ppm);
  node->clock = std::make_unique<SkewedClock>(system_, rate_ppm, random_us(skew_max_us));
  Node* const self = node.get();
  MovingNodeOptions options;
  options.pipelines = sim::workload(watch_);
  options.groups = groups_by_stage(
      options.pipelines, options_.shards, names_,
      [this](const std::string& queue, std::uint32_t shard) { return home(queue, shard); });
  options.others = names_;
  std::erase(options.others, node->name);
  options.window_bytes = window_bytes_;
  options.remote = [this](const queues::OfferHandle& remote) {
    return sabotage(system_.system(), options_.sabotage, remote, random_);
  };
  TestNodeOptions& setup = options.node;
  setup.name = node->name;
  setup.shards = options_.shards;
  setup.seed = options_.seed + index;
  setup.clock = node->clock.get();
  setup.limits = random_limits();
  if (has_disks_) {
    setup.make_log = [self, seed = random_()](CommitRouter::Deliver deliver) {
      auto log = std::make_unique<DiskLog>(std::move(deliver), seed);
      self->disk = log.get();
      return log;
    };
  }
  node->moving = std::make_unique<MovingNode>(system_, network_, std::move(options));
  node->node = &node->moving->node();
  MemoryLog& log = node->node->log();
  sabotage(log, options_.sabotage);
  if (options_.sabotage == Sabotage::syncs && has_disks_) node->disk->lie_about_syncs();
  nodes_.push_back(std::move(node));
}

// Small ones now and then, so that queues are full and runs are cut.
queues::Limits ClusterSim::random_limits() {
  queues::Limits limits;
  if (random_() % 2 == 0) limits.backlog_messages = 8 + random_() % 40;
  if (random_() % 2 == 0) limits.run_bytes = 1 + random_() % 100;
  return limits;
}

TimeUs ClusterSim::random_us(std::int64_t max_us) {
  return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(2 * max_us)) - max_us;
}

std::string ClusterSim::home(const std::string& queue, std::uint32_t shard) const {
  return names_[(shard + (queue == sim::passed().name() ? 1 : 0)) % names_.size()];
}

void ClusterSim::start(Node& node) try {
  if (node.moving->start()) {
    if (has_late_receivers_) start_lazy(node);
  } else {
    node.down_ticks = static_cast<std::uint32_t>(random_() % 30);
  }
} catch (const std::invalid_argument& contradiction) {
  watch_->violation = node.name + " does not start: " + contradiction.what();
}

void ClusterSim::start_lazy(Node& node) {
  for (const queues::QueueNumber number : node.node->served(sim::entered().name())) {
    if (random_() % 4 != 0) continue;
    node.end_lazy.push_back(
        spawn_lazy_receiver(system_.system(), node.node->actors().handle(number), late));
  }
}

void ClusterSim::kill(Node& node) {
  if (!node.node->is_up()) return;
  ++counts_.kills;
  node.ticks_left = 0;
  node.end_lazy_receivers();
  node.moving->kill();
  node.down_ticks = static_cast<std::uint32_t>(random_() % options_.down_max_ms);
  // Machines come back with another time.
  if (random_() % 4 == 0) node.clock->step(random_us(step_max_us));
}

void ClusterSim::drain(Node& node) {
  if (!node.node->is_up() || node.ticks_left > 0) return;
  node.node->drain();
  doom(node, 1'500);
  ++counts_.drains;
}

void ClusterSim::doom(Node& node, std::uint32_t ticks_max) {
  if (!node.node->is_up() || node.ticks_left > 0) return;
  node.ticks_left = 1 + static_cast<std::uint32_t>(random_() % ticks_max);
}

void ClusterSim::enter(Node& node) {
  if (node.entered >= options_.numbers) return;
  send(node, node.first_number + node.entered++);
}

// A client that has forgotten that it has sent this.
void ClusterSim::enter_again(Node& node) {
  if (node.entered == 0) return;
  const auto back = static_cast<std::int64_t>(random_() % std::min(node.entered, 20u));
  const std::int64_t number = node.first_number + node.entered - 1 - back;
  if (sim::may_be_sent_again(number)) send(node, number);
}

void ClusterSim::send(Node& node, std::int64_t number) {
  pb::Envelope envelope = sim::envelope_of(number);
  envelope.set_born_at_us(node.clock->now_us());
  node.node->send(sim::entered().name(), std::string(sim::Number().GetTypeName()),
                  std::move(envelope));
}

// A millisecond: some of what the disks were given becomes durable, and all that can happen at this
// moment does, in an order that the seed decides.
void ClusterSim::tick() {
  for (auto& node : nodes_) {
    MemoryLog& log = node->node->log();
    const std::size_t proposed = log.proposed();
    if (proposed > 0 && random_() % 6 == 0) log.commit(1 + random_() % proposed);
    if (log.has_failed() || (node->ticks_left > 0 && --node->ticks_left == 0)) kill(*node);
    if (random_() % 20 == 0) node->node->connect();
  }
  bool has_work = true;
  while (has_work) {
    has_work = system_.step();
    for (auto& node : nodes_) has_work = node->node->poll_clients() || has_work;
  }
  system_.advance(std::chrono::milliseconds(1));
  network_.run_for(1'000);
}

void ClusterSim::trouble_network(Node& node, const Node& other) {
  if (node.name == other.name) return;
  switch (random_() % 6) {
    case 5:  // what nobody understands
      if (node.node->is_up()) {
        std::ignore = node.moving->transport().send(
            other.name, {transport::FrameKind(random_() % 8), std::string(random_() % 4, '\xff')});
      }
      return;
    case 0:
      return network_.disconnect(node.name, other.name);
    case 1:
      return network_.cut(node.name, other.name);
    case 2:
      return network_.heal(node.name, other.name);
    case 3:
      return network_.set_faults({.drop = 0.02, .repeat = 0.02, .delay_max_us = 20'000});
    default:
      return network_.set_faults({});
  }
}

// One takes over, or one that was taken over from goes on.
void ClusterSim::trouble_senders(Node& node) {
  const std::string& queue = sim::entered().name();
  if (random_() % 8 == 0) {
    node.node->take_over(queue);
    ++counts_.takeovers;
  } else if (node.node->send_late(queue,
                                  sim::envelope_of(sim::first_late_number + late_numbers_))) {
    ++late_numbers_;
  }
}

// Whoever serves a shard gives it to another.
void ClusterSim::move_shard(Node& node) {
  if (!node.node->is_up()) return;
  const std::string& queue = random_() % 2 == 0 ? sim::entered().name() : sim::passed().name();
  const auto shard = static_cast<std::uint32_t>(random_() % options_.shards);
  const std::string& to = names_[random_() % names_.size()];
  if (!node.moving->table().serves(queue, shard) || to == node.name) return;
  node.moving->federation().move(sim::role_of(queue), shard, to, [this](const Result<void>& moved) {
    ++(moved ? counts_.moves : counts_.failed_moves);
  });
}

void ClusterSim::break_something(Node& node) {
  if (random_() % 5 != 0) {
    trouble_network(node, *nodes_[random_() % nodes_.size()]);
  } else if (random_() % 4 == 0) {
    drain(node);
  } else {
    kill(node);
  }
}

void ClusterSim::make_trouble() {
  Node& node = *nodes_[random_() % nodes_.size()];
  if (node.moving->is_giving_up() && random_() % 6 == 0) kill(node);
  switch (random_() % 40) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
      if (random_() % calm_ == 0) break_something(node);
      break;
    case 5:
    case 6:
      trouble_senders(node);
      break;
    case 7:
      if (!has_late_receivers_) node.clock->step(random_us(step_max_us));
      break;
    case 8:
    case 9:
    case 10:
      move_shard(node);
      // Somewhere on its way, if it began.
      if (random_() % 4 == 0) doom(*nodes_[random_() % nodes_.size()], 150);
      break;
    default:
      if (random_() % 6 != 0) break;
      for (std::uint64_t burst = random_() % 8; burst > 0; --burst) {
        if (random_() % 5 == 0) {
          enter_again(node);
        } else {
          enter(node);
        }
      }
  }
}

void ClusterSim::restart_nodes() {
  for (auto& each : nodes_) {
    if (each->disk != nullptr) each->disk->set_faulty(true);
    if (!each->node->is_up() && each->down_ticks-- == 0) start(*each);
  }
}

void ClusterSim::mend_links() {
  for (const std::string& from : names_) {
    for (const std::string& to : names_) {
      if (from != to) network_.heal(from, to);
    }
  }
}

void ClusterSim::heal() {
  watch_->is_failing = false;
  network_.set_faults({});
  mend_links();
  for (auto& node : nodes_) {
    if (node->disk != nullptr) node->disk->set_faulty(false);
    if (!node->node->is_up()) start(*node);
    node->end_lazy_receivers();
    // Nobody ends a node that drains any more, and it takes nothing.
    if (node->ticks_left > 0) {
      kill(*node);
      start(*node);
    }
    while (node->entered < options_.numbers) enter(*node);
  }
}

std::string ClusterSim::violation() const {
  if (!watch_->violation.empty()) return watch_->violation;
  for (const auto& node : nodes_) {
    if (!node->node->violation().empty()) return node->node->violation();
    if (node->disk == nullptr || node->disk->violation().empty()) continue;
    return "the disk of " + node->name + ": " + node->disk->violation();
  }
  return {};
}

std::string ClusterSim::run() {
  for (std::uint32_t i = 0; i < options_.trouble_ms && violation().empty(); ++i) {
    if (i % options_.trouble_interval_ms == 0) make_trouble();
    restart_nodes();
    if (options_.mend_interval_ms != 0 && i % options_.mend_interval_ms == 0) mend_links();
    tick();
    if (i % options_.audit_interval_ms != options_.audit_interval_ms - 1) continue;
    if (std::string wrong = safety(); !wrong.empty()) return wrong;
  }
  heal();
  std::vector<std::int64_t> all;
  for (const auto& node : nodes_) {
    for (std::uint32_t n = 0; n < options_.numbers; ++n) all.push_back(node->first_number + n);
  }
  for (std::uint32_t i = 0; i < rest_ticks && violation().empty(); ++i) {
    if (i < moving_ticks && random_() % 20 == 0) move_shard(*nodes_[random_() % nodes_.size()]);
    tick();
    if (i % options_.audit_interval_ms != options_.audit_interval_ms - 1) continue;
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
  for (const auto& node : nodes_) stores.push_back(node->node->replay());
  return sim::ClusterAudit(stores);
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
  counts.late_offers = static_cast<std::uint64_t>(late_numbers_);
  for (const auto& node : nodes_) {
    if (node->disk != nullptr) counts.disk_faults += node->disk->faults();
  }
  return counts;
}

}  // namespace millrace
