#include "cluster/testing/simulated_cluster.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

namespace millrace {
namespace {

constexpr std::uint32_t deaths_max = 100;  // of a node in handlers; a killer needs four
// Where the wall clocks begin: no step leads to a time before 1970.
constexpr TimeUs year_2026_us = 1'767'225'600'000'000;
constexpr DurationUs skew_max_us = 3'600'000'000;
constexpr std::int64_t rate_max_ppm = 50'000;
constexpr std::uint32_t retry_ticks_max = 30;  // after a start that failed, or a death

}  // namespace

SimulatedCluster::SimulatedCluster(std::uint64_t seed, std::uint32_t down_max_ms,
                                   DurationUs restart_step_max_us)
    : random_(seed),
      system_(seed),
      network_(seed),
      down_max_ms_(down_max_ms),
      restart_step_max_us_(restart_step_max_us) {}

TimeUs SimulatedCluster::random_us(std::int64_t max_us) {
  return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(2 * max_us)) - max_us;
}

void SimulatedCluster::give_clock(SimulatedNode& node) {
  const std::int64_t rate_ppm = random_us(rate_max_ppm);
  node.clock =
      std::make_unique<SkewedClock>(system_, rate_ppm, year_2026_us + random_us(skew_max_us));
}

void SimulatedCluster::build(SimulatedNode& node, MovingNodeOptions options) {
  options.node.name = node.name;
  options.node.clock = node.clock.get();
  node.moving = std::make_unique<MovingNode>(system_, network_, std::move(options));
  node.node = &node.moving->node();
}

void SimulatedCluster::start(SimulatedNode& node) try {
  before_start(node);
  if (node.moving->start()) {
    after_start(node);
  } else {
    node.down_ticks = static_cast<std::uint32_t>(random_() % retry_ticks_max);
  }
} catch (const std::invalid_argument& contradiction) {
  violation_ = node.name + " does not start: " + contradiction.what();
}

void SimulatedCluster::kill(SimulatedNode& node) {
  if (!node.node->is_up()) return;
  ++counts_.kills;
  node.ticks_left = 0;
  before_kill(node);
  node.moving->kill();
  node.down_ticks = static_cast<std::uint32_t>(random_() % down_max_ms_);
  if (restart_step_max_us_ != 0 && random_() % 4 == 0) {
    node.clock->step(random_us(restart_step_max_us_));
  }
}

void SimulatedCluster::kill_all() {
  for (auto& node : nodes_) {
    if (node->node != nullptr) kill(*node);
  }
}

void SimulatedCluster::stop_all() {
  ++counts_.outages;
  kill_all();
}

void SimulatedCluster::doom(SimulatedNode& node, std::uint32_t ticks_max) {
  if (!node.node->is_up() || node.ticks_left > 0) return;
  node.ticks_left = 1 + static_cast<std::uint32_t>(random_() % ticks_max);
}

void SimulatedCluster::drain(SimulatedNode& node, std::uint32_t ticks_max) {
  if (!node.node->is_up() || node.ticks_left > 0) return;
  node.node->drain();
  doom(node, ticks_max);
  ++counts_.drains;
}

void SimulatedCluster::restart_down() {
  for (auto& node : nodes_) {
    if (is_absent(*node) || node->node->is_up()) continue;
    if (node->down_ticks-- == 0) start(*node);
  }
}

void SimulatedCluster::tick() {
  bury_dead();
  for (auto& node : nodes_) {
    MemoryLog& log = node->node->log();
    const std::size_t proposed = log.proposed();
    // The end of a node lets handlers of others run: one that ended meanwhile writes nothing.
    if (proposed > 0 && !node->death && random_() % 6 == 0) {
      log.commit(1 + random_() % proposed);
    }
    if (log.has_failed() || (node->ticks_left > 0 && --node->ticks_left == 0)) kill(*node);
    if (random_() % 20 == 0) node->node->connect();
  }
  bool has_work = true;
  while (has_work) {
    has_work = system_.step();
    for (auto& node : nodes_) has_work = node->node->poll_clients() || has_work;
  }
  bury_dead();
  system_.advance(std::chrono::milliseconds(1));
  network_.run_for(1'000);
}

// The end of one node lets the actors of the others run on.
void SimulatedCluster::bury_dead() {
  const auto is_dead = [](const auto& node) {
    return node->death.has_value();
  };
  for (auto dead = nodes_.begin(); dead != nodes_.end();) {
    dead = std::find_if(nodes_.begin(), nodes_.end(), is_dead);
    if (dead != nodes_.end()) bury(**dead);
  }
}

// The node ended within a handler: what it decided meanwhile is lost.
void SimulatedCluster::bury(SimulatedNode& node) {
  ++counts_.deaths;
  if (++node.deaths > deaths_max) violation_ = node.name + " dies again and again";
  std::vector<std::uint64_t> running = *std::exchange(node.death, std::nullopt);
  if (!node.node->is_up()) return;
  kill(node);
  node.down_ticks = static_cast<std::uint32_t>(random_() % retry_ticks_max);
  node.node->set_running(std::move(running));
}

void SimulatedCluster::step_clock(SimulatedNode& node, DurationUs by_us) {
  ++counts_.steps;
  node.clock->step(by_us);
}

void SimulatedCluster::slew_clock(SimulatedNode& node, std::int64_t ppm) {
  ++counts_.steps;
  node.clock->slew(ppm);
}

void SimulatedCluster::move_shard(SimulatedNode& node, const std::string& role,
                                  const std::string& queue, std::uint32_t shard,
                                  const std::string& to) {
  if (!node.node->is_up() || !node.moving->table().serves(queue, shard) || to == node.name) return;
  node.moving->federation().move(role, shard, to, [this](const Result<void>& moved) {
    ++(moved ? counts_.moves : counts_.failed_moves);
  });
}

void SimulatedCluster::mend_links() {
  for (const auto& from : nodes_) {
    for (const auto& to : nodes_) {
      if (from != to) network_.heal(from->name, to->name);
    }
  }
}

std::string SimulatedCluster::violation() const {
  if (!violation_.empty()) return violation_;
  for (const auto& node : nodes_) {
    if (!node->node->violation().empty()) return node->node->violation();
  }
  return {};
}

}  // namespace millrace
