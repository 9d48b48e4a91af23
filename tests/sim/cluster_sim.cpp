#include "tests/sim/cluster_sim.hpp"

#include <map>
#include <sstream>
#include <utility>

#include <google/protobuf/wrappers.pb.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/queue/keyed_store.hpp"
#include "messages/hash.hpp"
#include "tests/sim/saboteur_actor.hpp"

namespace millrace {
namespace {

using google::protobuf::Int64Value;
using google::protobuf::StringValue;

constexpr std::int64_t numbers_per_node = 1'000'000;
constexpr std::uint32_t fault_ticks = 1'500;  // milliseconds of trouble
constexpr std::uint32_t rest_ticks = 120'000;

std::string first_key(const Int64Value& number) {
  return "a" + std::to_string(number.value() % 3);
}
std::string second_key(const Int64Value& number) {
  return "b" + std::to_string(number.value() % 4);
}

// Whether the order of the two must be kept: they come from one node and share both keys.
bool are_ordered(std::int64_t one, std::int64_t other) {
  return one / numbers_per_node == other / numbers_per_node && one % 12 == other % 12;
}

const QueueRef<Int64Value>& entered() {
  static const auto ref = queue<Int64Value>("sim.entered").key_by(first_key);
  return ref;
}
const QueueRef<Int64Value>& passed() {
  static const auto ref = queue<Int64Value>("sim.passed").key_by(second_key);
  return ref;
}

std::vector<std::int64_t> parse(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::int64_t> numbers;
  for (std::int64_t number = 0; in >> number;) numbers.push_back(number);
  return numbers;
}

/// Adds a number to what its key has seen; one that is there, or should have come before another
/// that is, is a violation.
void count(const Int64Value& number, Keyed<StringValue>& seen, std::string& violation) {
  for (const std::int64_t before : parse(seen->value())) {
    if (before < number.value() || !are_ordered(before, number.value())) continue;
    violation = (before == number.value() ? "repeated: " : "disordered: ") +
                std::to_string(number.value()) + " at key " + std::string(seen.key()) + " after " +
                seen->value();
  }
  seen.change().set_value(seen->value() + " " + std::to_string(number.value()));
}

struct CountAndPass {
  std::shared_ptr<std::string> violation;
  Int64Value operator()(const Int64Value& number, Keyed<StringValue>& seen) const {
    count(number, seen, *violation);
    return number;
  }
};

struct CountOnly {
  std::shared_ptr<std::string> violation;
  void operator()(const Int64Value& number, Keyed<StringValue>& seen) const {
    count(number, seen, *violation);
  }
};

std::vector<PipelineSpec> workload(const std::shared_ptr<std::string>& violation) {
  return {pipeline("first").from(entered()).then("pass", CountAndPass{violation}).to(passed()),
          pipeline("second").from(passed()).then("count", CountOnly{violation})};
}

}  // namespace

struct ClusterSim::Node {
  std::string name;
  std::uint64_t incarnation = 0;
  std::uint32_t entered = 0;
  std::unique_ptr<TestNode> node;
  std::unique_ptr<federation::FederatedNode> federated;
  std::uint32_t down_ticks = 0;
};

ClusterSim::ClusterSim(ClusterSimOptions options)
    : options_(options), random_(options.seed), system_(options.seed), network_(options.seed) {
  for (std::uint32_t i = 0; i < options_.nodes; ++i) {
    auto node = std::make_unique<Node>();
    node->name = std::string(1, static_cast<char>('a' + i));
    Node* const self = node.get();
    TestNodeOptions setup;
    setup.name = node->name;
    setup.shards = options_.shards;
    setup.seed = options_.seed + i;
    setup.serves = [this, self](const std::string& queue, std::uint32_t shard) {
      return owner(queue, shard) == self->name;
    };
    setup.remote = [this, self](const std::string& queue, std::uint32_t shard) {
      const auto remote = self->federated->remote(system_.system(), queue, shard);
      return sabotage(system_.system(), options_.sabotage, remote, random_);
    };
    setup.tells_before_durable = options_.sabotage == Sabotage::send_before_durable;
    node->node = std::make_unique<TestNode>(system_, workload(violation_), setup);
    nodes_.push_back(std::move(node));
  }
  for (auto& node : nodes_) start(*node);
}

ClusterSim::~ClusterSim() {
  for (auto& node : nodes_) kill(*node);
}

std::string ClusterSim::owner(const std::string& queue, std::uint32_t shard) const {
  return nodes_[(shard + (queue == passed().name() ? 1 : 0)) % nodes_.size()]->name;
}

void ClusterSim::start(Node& node) {
  transport::TransportOptions options;
  options.own = {"sim", node.name, ++node.incarnation, 1};
  for (const auto& other : nodes_) {
    if (other->name != node.name) options.peers.push_back({other->name, {"127.0.0.1", 1}});
  }
  transport::Transport& transport = network_.add(std::move(options));
  node.federated = std::make_unique<federation::FederatedNode>(
      node.name, transport,
      [this](const std::string& queue, std::uint32_t shard) { return owner(queue, shard); });
  node.node->start();
  node.federated->started(system_.system(), [&node](const std::string& queue, std::uint32_t shard) {
    return node.node->actors().local(queue, shard);
  });
  if (const auto started = transport.start(*node.federated); !started) {
    *violation_ = "the transport did not start: " + started.error().message;
  }
}

void ClusterSim::kill(Node& node) {
  if (!node.node->is_up()) return;
  network_.kill(node.name);
  node.federated->stopped();
  node.node->stop();
  node.down_ticks = static_cast<std::uint32_t>(random_() % 300);
}

void ClusterSim::enter(Node& node) {
  if (node.entered >= options_.numbers) return;
  Int64Value number;
  number.set_value((node.name.front() - 'a' + 1) * numbers_per_node + node.entered++);
  pb::Envelope envelope;
  envelope.set_key(first_key(number));
  envelope.set_payload(number.SerializeAsString());
  envelope.set_born_at_us(system_.now_us());
  node.node->send(entered().name(), std::string(number.GetTypeName()), std::move(envelope));
}

// A millisecond: some of what the disks were given becomes durable, and all that can happen at this
// moment does, in an order that the seed decides.
void ClusterSim::tick() {
  for (auto& node : nodes_) {
    const std::size_t proposed = node->node->proposed();
    if (proposed > 0 && random_() % 6 == 0) node->node->commit(1 + random_() % proposed);
  }
  bool has_work = true;
  while (has_work) {
    has_work = system_.step();
    for (auto& node : nodes_) has_work = node->node->poll_clients() || has_work;
  }
  system_.advance(std::chrono::milliseconds(1));
  network_.run_for(1'000);
}

void ClusterSim::make_trouble() {
  Node& node = *nodes_[random_() % nodes_.size()];
  Node& other = *nodes_[random_() % nodes_.size()];
  switch (random_() % 40) {
    case 0:
      kill(node);
      break;
    case 1:
      if (node.name != other.name) network_.disconnect(node.name, other.name);
      break;
    case 2:
      if (node.name != other.name) network_.cut(node.name, other.name);
      break;
    case 3:
      network_.heal(node.name, other.name);
      break;
    case 4:
      network_.set_faults({.drop = 0.02, .repeat = 0.02, .delay_max_us = 20'000});
      break;
    case 5:
      network_.set_faults({});
      break;
    default:
      if (random_() % 6 != 0) break;
      for (std::uint64_t burst = random_() % 8; burst > 0; --burst) enter(node);
  }
  for (auto& each : nodes_) {
    if (each->node->is_up() || each->down_ticks-- > 0) continue;
    start(*each);
  }
}

void ClusterSim::heal() {
  network_.set_faults({});
  for (auto& from : nodes_) {
    for (auto& to : nodes_) {
      if (from->name != to->name) network_.heal(from->name, to->name);
    }
  }
  for (auto& node : nodes_) {
    if (!node->node->is_up()) start(*node);
    while (node->entered < options_.numbers) enter(*node);
  }
}

std::string ClusterSim::run() {
  for (std::uint32_t i = 0; i < fault_ticks && violation_->empty(); ++i) {
    make_trouble();
    tick();
  }
  heal();
  for (std::uint32_t i = 0; i < rest_ticks && violation_->empty(); ++i) {
    tick();
    if (i % 500 == 499 && is_at_rest()) return audit();
  }
  return violation_->empty()
             ? "not at rest " + std::to_string(rest_ticks / 1'000) + " s after healing: " + audit()
             : *violation_;
}

bool ClusterSim::is_at_rest() const {
  std::uint64_t acked = 0;
  for (const auto& node : nodes_) {
    const Store store = node->node->replay();
    for (const auto& [number, queue] : store.queues()) {
      if (queue.state->durable.ledger.queued() > 0) return false;
      if (queue.declaration.name() == passed().name()) acked += queue.state->durable.ledger.acked;
    }
  }
  return acked >= std::uint64_t{options_.nodes} * options_.numbers;
}

std::string ClusterSim::audit() const {
  std::string wrong = audit_stage(entered().name());
  return wrong.empty() ? audit_stage(passed().name()) : wrong;
}

std::string ClusterSim::audit_stage(const std::string& name) const {
  std::map<std::int64_t, int> found;
  for (const auto& node : nodes_) {
    const Store store = node->node->replay();
    for (const auto& [number, queue] : store.queues()) {
      if (queue.declaration.name() != name) continue;
      for (const auto& [key, state] : queue.state->durable.keyed.keys()) {
        StringValue seen;
        if (state.value) seen.ParseFromString(*state.value);
        for (const std::int64_t value : parse(seen.value())) ++found[value];
      }
    }
  }
  for (std::uint32_t i = 0; i < options_.nodes; ++i) {
    for (std::int64_t n = 0; n < options_.numbers; ++n) {
      const std::int64_t number = (i + 1) * numbers_per_node + n;
      const int times = std::exchange(found[number], 0);
      if (times != 1)
        return name + ": " + std::to_string(number) + " is there " + std::to_string(times) +
               " times";
    }
  }
  for (const auto& [number, times] : found) {
    if (times != 0) return name + ": " + std::to_string(number) + " was never sent";
  }
  return {};
}

}  // namespace millrace
