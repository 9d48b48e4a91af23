#include "tests/sim/cluster_sim.hpp"

#include <algorithm>
#include <functional>
#include <tuple>
#include <utility>

#include "messages/hash.hpp"
#include "tests/sim/disk_log.hpp"
#include "tests/sim/lazy_receiver_actor.hpp"
#include "tests/sim/saboteur_actor.hpp"
#include "tests/sim/skewed_clock.hpp"

namespace millrace {
namespace {

constexpr std::uint32_t trouble_ticks = 1'500;  // milliseconds
constexpr std::uint32_t rest_ticks = 120'000;
constexpr std::uint32_t audit_ticks = 500;  // between two audits of all logs
constexpr DurationUs skew_max_us = 3'600'000'000;
constexpr DurationUs step_max_us = 5'000'000;
constexpr std::int64_t rate_max_ppm = 50'000;
// Far beyond the lease, however slow the node's clock is.
constexpr std::chrono::milliseconds late{1'000};

}  // namespace

struct ClusterSim::Node {
  std::string name;
  std::int64_t first_number = 0;
  std::uint64_t incarnation = 0;
  std::uint32_t entered = 0;
  std::unique_ptr<SkewedClock> clock;
  DiskLog* disk = nullptr;  ///< null: its log is in memory
  std::unique_ptr<TestNode> node;
  std::unique_ptr<federation::FederatedNode> federated;
  transport::Transport* transport = nullptr;
  std::vector<std::function<void()>> end_lazy;
  std::uint32_t down_ticks = 0;
  std::uint32_t drain_ticks = 0;  ///< left until it ends; 0: it does not drain

  void end_lazy_receivers() {
    for (const auto& end : std::exchange(end_lazy, {})) end();
  }
};

ClusterSim::ClusterSim(ClusterSimOptions options)
    : options_(options),
      has_disks_(options.seed % 2 == 0),
      window_bytes_(options.seed % 5 < 2 ? 500 : transport::TransportOptions{}.window_bytes),
      has_late_receivers_(options.seed % 3 == 0),
      random_(options.seed),
      system_(options.seed),
      network_(options.seed),
      watch_(std::make_shared<sim::Watch>(sim::Watch{.random = std::mt19937_64(options.seed)})) {
  for (std::uint32_t i = 0; i < options_.nodes; ++i) add_node(i);
  for (auto& node : nodes_) start(*node);
}

ClusterSim::~ClusterSim() {
  for (auto& node : nodes_) kill(*node);
}

void ClusterSim::add_node(std::uint32_t index) {
  auto node = std::make_unique<Node>();
  node->name = std::string(1, static_cast<char>('a' + index));
  node->first_number = (index + 1) * sim::numbers_per_node;
  const std::int64_t rate_ppm = random_us(rate_max_ppm);
  node->clock = std::make_unique<SkewedClock>(system_, rate_ppm, random_us(skew_max_us));
  Node* const self = node.get();
  TestNodeOptions setup;
  setup.name = node->name;
  setup.shards = options_.shards;
  setup.seed = options_.seed + index;
  setup.clock = node->clock.get();
  setup.limits = random_limits();
  setup.serves = [this, self](const std::string& queue, std::uint32_t shard) {
    return owner(queue, shard) == self->name;
  };
  setup.remote = [this, self](const std::string& queue, std::uint32_t shard) {
    const auto remote = self->federated->remote(system_.system(), queue, shard);
    return sabotage(system_.system(), options_.sabotage, remote, random_);
  };
  if (has_disks_) {
    setup.make_log = [self, seed = random_()](CommitRouter::Deliver deliver) {
      auto log = std::make_unique<DiskLog>(std::move(deliver), seed);
      self->disk = log.get();
      return log;
    };
  }
  node->node = std::make_unique<TestNode>(system_, sim::workload(watch_), setup);
  MemoryLog& log = node->node->log();
  if (options_.sabotage == Sabotage::send_before_durable) log.tell_before_durable();
  if (options_.sabotage == Sabotage::fencing) log.forget_epochs();
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

std::string ClusterSim::owner(const std::string& queue, std::uint32_t shard) const {
  return nodes_[(shard + (queue == sim::passed().name() ? 1 : 0)) % nodes_.size()]->name;
}

void ClusterSim::start(Node& node) {
  transport::TransportOptions options;
  options.own = {"sim", node.name, ++node.incarnation, 1};
  options.window_bytes = window_bytes_;
  for (const auto& other : nodes_) {
    if (other->name != node.name) options.peers.push_back({other->name, {"127.0.0.1", 1}});
  }
  transport::Transport& transport = network_.add(std::move(options));
  node.transport = &transport;
  node.federated = std::make_unique<federation::FederatedNode>(
      node.name, transport,
      [this](const std::string& queue, std::uint32_t shard) { return owner(queue, shard); });
  if (node.node->start()) {
    node.federated->started(system_.system(),
                            [&node](const std::string& queue, std::uint32_t shard) {
                              return node.node->actors().local(queue, shard);
                            });
    if (const auto started = transport.start(*node.federated); !started) {
      watch_->violation = "the transport did not start: " + started.error().message;
    }
    if (has_late_receivers_) start_lazy(node);
  } else {
    network_.kill(node.name);
    node.down_ticks = static_cast<std::uint32_t>(random_() % 30);
  }
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
  node.drain_ticks = 0;
  network_.kill(node.name);
  node.federated->stopped();
  node.end_lazy_receivers();
  node.node->stop();
  node.down_ticks = static_cast<std::uint32_t>(random_() % 300);
  // Machines come back with another time.
  if (random_() % 4 == 0) node.clock->step(random_us(step_max_us));
}

void ClusterSim::drain(Node& node) {
  if (!node.node->is_up() || node.drain_ticks > 0) return;
  node.node->drain();
  node.drain_ticks = 1 + static_cast<std::uint32_t>(random_() % 1'500);
  ++counts_.drains;
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
    if (log.has_failed() || (node->drain_ticks > 0 && --node->drain_ticks == 0)) kill(*node);
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
        std::ignore = node.transport->send(
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

void ClusterSim::make_trouble() {
  Node& node = *nodes_[random_() % nodes_.size()];
  switch (random_() % 40) {
    case 0:
      if (random_() % 4 == 0) {
        drain(node);
      } else {
        kill(node);
      }
      break;
    case 1:
    case 2:
    case 3:
    case 4:
      trouble_network(node, *nodes_[random_() % nodes_.size()]);
      break;
    case 5:
    case 6:
      trouble_senders(node);
      break;
    case 7:
      if (!has_late_receivers_) node.clock->step(random_us(step_max_us));
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
  for (auto& each : nodes_) {
    if (each->disk != nullptr) each->disk->set_faulty(true);
    if (each->node->is_up() || each->down_ticks-- > 0) continue;
    start(*each);
  }
}

void ClusterSim::heal() {
  watch_->is_failing = false;
  network_.set_faults({});
  for (auto& from : nodes_) {
    for (auto& to : nodes_) {
      if (from->name != to->name) network_.heal(from->name, to->name);
    }
  }
  for (auto& node : nodes_) {
    if (node->disk != nullptr) node->disk->set_faulty(false);
    if (!node->node->is_up()) start(*node);
    node->end_lazy_receivers();
    // Nobody ends a node that drains any more, and it takes nothing.
    if (node->drain_ticks > 0) {
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
  for (std::uint32_t i = 0; i < trouble_ticks && violation().empty(); ++i) {
    make_trouble();
    tick();
    if (i % audit_ticks != audit_ticks - 1) continue;
    if (std::string wrong = safety(); !wrong.empty()) return wrong;
  }
  heal();
  std::vector<std::int64_t> all;
  for (const auto& node : nodes_) {
    for (std::uint32_t n = 0; n < options_.numbers; ++n) all.push_back(node->first_number + n);
  }
  for (std::uint32_t i = 0; i < rest_ticks && violation().empty(); ++i) {
    tick();
    if (i % audit_ticks != audit_ticks - 1) continue;
    const sim::ClusterAudit found = audit();
    if (found.queued() == 0 && found.is_complete(all).empty()) return {};
  }
  if (std::string wrong = violation(); !wrong.empty()) return wrong;
  if (std::string wrong = safety(); !wrong.empty()) return wrong;
  return "not at rest " + std::to_string(rest_ticks / 1'000) +
         " s after healing: " + audit().is_complete(all);
}

sim::ClusterAudit ClusterSim::audit() const {
  sim::ClusterAudit found;
  for (const auto& node : nodes_) found.add(node->node->replay());
  return found;
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
