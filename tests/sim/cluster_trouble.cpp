// The part of ClusterSim that injects faults and offers messages.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <tuple>

#include "tests/sim/cluster_sim.hpp"
#include "tests/sim/cluster_sim_node.hpp"

namespace millrace {
namespace {

constexpr DurationUs step_max_us = 5'000'000;
constexpr double large_step_max_us = 365 * 86'400e6;
constexpr std::int64_t slew_max_ppm = 500;
constexpr std::uint32_t drain_ticks_max = 1'500;

}  // namespace

// 1 ms to a year, log-uniform; or a slew.
void ClusterSim::step_clock(Node& node) {
  if (random_() % 4 == 0) return slew_clock(node, random_us(slew_max_ppm));
  if (!has_large_steps_) return SimulatedCluster::step_clock(node, random_us(step_max_us));
  const double share = static_cast<double>(random_() % 1'000) / 1'000;
  const auto step_us = static_cast<DurationUs>(1e3 * std::pow(large_step_max_us / 1e3, share));
  SimulatedCluster::step_clock(node, random_() % 2 == 0 ? step_us : -step_us);
}

void ClusterSim::enter(Node& node) {
  if (node.entered >= options_.numbers || is_retired(node)) return;
  send(node, node.first_number + node.entered++);
}

// Offers a number again, as a client does that lost its record of the first offer.
void ClusterSim::enter_again(Node& node) {
  if (node.entered == 0 || is_retired(node)) return;
  const auto back = static_cast<std::int64_t>(random_() % std::min(node.entered, 20u));
  const std::int64_t number = node.first_number + node.entered - 1 - back;
  if (sim::may_be_sent_again(number)) send(node, number);
}

void ClusterSim::send(Node& node, std::int64_t number) {
  pb::Envelope envelope = sim::envelope_of(number);
  envelope.set_born_at_us(node.clock->now_us());
  ++node.sent;
  node.node->send(sim::entered().name(), std::string(sim::Number().GetTypeName()),
                  std::move(envelope));
}

void ClusterSim::trouble_network(Node& node, const Node& other) {
  if (node.name == other.name) return;
  switch (random_() % 6) {
    case 5:  // an invalid frame
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

// A new sender fences the current one, or a fenced sender continues.
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

// The owner of a random shard starts to move it to another node.
void ClusterSim::move_shard(Node& node) {
  if (!node.node->is_up()) return;
  const std::string& queue = random_() % 2 == 0 ? sim::entered().name() : sim::passed().name();
  const auto shard = static_cast<std::uint32_t>(random_() % options_.shards);
  const std::vector<std::string> names = configured();
  const std::string& to = names[random_() % (names.size() - (is_last_leaving_ ? 1 : 0))];
  SimulatedCluster::move_shard(node, role_of(queue), queue, shard, to);
}

void ClusterSim::break_something(Node& node) {
  if (random_() % 5 != 0) {
    trouble_network(node, *nodes_[random_() % nodes_.size()]);
  } else if (random_() % 4 == 0) {
    drain(node, drain_ticks_max);
  } else {
    kill(node);
  }
}

void ClusterSim::make_trouble() {
  Node& node = *nodes_[random_() % nodes_.size()];
  if (node.moving->is_giving_up() && random_() % 6 == 0) kill(node);
  if (random_() % 100 == 0) trouble_copies(node);
  if (random_() % 1'000 == 0) stop_all();
  if (is_last_missing_ && random_() % 300 == 0) join_last();
  if (may_remove_ && random_() % 300 == 0) is_last_leaving_ = !is_last_removed_;
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
      if (has_steps_) step_clock(node);
      break;
    case 8:
    case 9:
    case 10:
      move_shard(node);
      // Sometimes kill a node during the move.
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

}  // namespace millrace
