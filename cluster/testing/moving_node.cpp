#include "cluster/testing/moving_node.hpp"

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "actors/pipeline/wiring.hpp"

namespace millrace {

MovingNode::MovingNode(DeterministicActorSystem& system, transport::SimulatedNetwork& network,
                       MovingNodeOptions options)
    : system_(system), network_(network), options_(std::move(options)) {
  TestNodeOptions& setup = options_.node;
  setup.federation = this;
  node_ = std::make_unique<TestNode>(system_, options_.pipelines, setup);
}

bool MovingNode::start() {
  transport::TransportOptions wanted;
  const std::uint64_t incarnation = options_.first_incarnation + starts_++;
  wanted.own = {"sim", name(), incarnation, 1};
  wanted.window_bytes = options_.window_bytes;
  for (const std::string& other : options_.others) {
    wanted.peers.push_back({other, {"127.0.0.1", 1}});
  }
  transport_ = &network_.add(std::move(wanted));
  std::set<std::string> nodes(options_.others.begin(), options_.others.end());
  nodes.insert(name());
  table_ = std::make_unique<moves::ShardTable>(
      name(), moves::make_layout(options_.groups, std::move(nodes)));
  others_ = std::make_unique<federation::FederatedNode>(
      name(), *transport_, [this](const std::string& queue, std::uint32_t shard) {
        return table_->owner(queue, shard);
      });
  const Clock& clock = options_.node.clock != nullptr ? *options_.node.clock : system_;
  std::function<void()> on_compared;
  if (options_.is_copy && !options_.accepts_loss)
    on_compared = [this] {
      options_.is_copy = false;
    };
  federation_ = std::make_unique<moves::NodeFederation>(
      std::filesystem::temp_directory_path(), *others_, *table_, *transport_, clock, incarnation,
      options_.accepts_loss, std::move(on_compared));
  if ((options_.is_founded && starts_ == 1 && !write_founded()) || !node_->start()) {
    network_.kill(name());
    return false;
  }
  if (federation_->must_compare()) {
    federation_->compare(
        system_.system(), node_->moves(),
        [this] {
          node_->serve();
          if (!node_->is_serving()) return;
          federation_->started(system_.system(), node_->actors(), node_->moves());
        },
        [this](const Error& error) {
          if (options_.node.on_outdated) options_.node.on_outdated(error);
        });
  } else {
    options_.is_copy = false;
    federation_->started(system_.system(), node_->actors(), node_->moves());
  }
  return transport_->start(*this).has_value();
}

Result<void> MovingNode::write_founded() {
  MemoryLog& log = node_->log();
  if (auto opened = log.reopen(); !opened) return opened;
  pb::Record record;
  for (const moves::QueueGroup& group : options_.groups) {
    for (std::uint32_t shard = 0; shard < group.homes.size(); ++shard) {
      pb::ShardRecord& founded = *record.add_shard();
      founded.set_role(group.role);
      founded.set_shard(shard);
      founded.mutable_ownership()->set_owner(group.homes[shard]);
      founded.mutable_ownership()->set_epoch(1);
    }
  }
  auto written = log.append(record.SerializeAsString());
  log.crash();  // the start opens it again
  return written;
}

void MovingNode::configure(std::vector<moves::QueueGroup> groups, std::vector<std::string> others,
                           bool accepts_loss) {
  options_.groups = std::move(groups);
  options_.others = std::move(others);
  options_.accepts_loss = accepts_loss;
}

void MovingNode::kill() {
  network_.kill(name());
  federation_->stopped();
  node_->stop();
}

bool MovingNode::is_giving_up() const {
  if (!is_up()) return false;
  const std::vector<pb::ShardRecord> records = table_->records();
  return std::any_of(records.begin(), records.end(),
                     [](const pb::ShardRecord& record) { return record.has_offered(); });
}

void MovingNode::on_up(const std::string& peer, std::uint64_t incarnation) {
  others_->on_up(peer, incarnation);
  federation_->on_up(peer);
}

void MovingNode::on_frame(const std::string& peer, transport::Frame frame,
                          transport::Credit credit) {
  if (frame.kind == moves::move_frame || frame.kind == moves::gossip_frame) {
    return federation_->take(peer, std::move(frame), std::move(credit));
  }
  others_->on_frame(peer, std::move(frame), std::move(credit));
}

std::vector<moves::QueueGroup> groups_by_stage(
    const std::vector<PipelineSpec>& pipelines, std::uint32_t shards,
    const std::vector<std::string>& nodes,
    const std::function<std::string(const std::string& source, std::uint32_t shard)>& home) {
  const Wiring wiring = analyse_wiring(pipelines);
  std::vector<moves::QueueGroup> groups;
  for (const WiredStage& stage : wiring.stages) {
    moves::QueueGroup& group = groups.emplace_back();
    group.role = wiring.queues[stage.source].name;
    group.queues = {group.role, wiring.queues[stage.dead_letter].name};
    for (std::uint32_t shard = 0; shard < shards; ++shard) {
      group.homes.push_back(home(group.role, shard));
    }
    group.nodes = nodes;
  }
  return groups;
}

std::vector<moves::QueueGroup> one_group(
    const std::vector<PipelineSpec>& pipelines, std::uint32_t shards,
    const std::vector<std::string>& nodes,
    const std::function<std::string(std::uint32_t shard)>& home) {
  moves::QueueGroup group;
  for (const WiredQueue& queue : analyse_wiring(pipelines).queues)
    group.queues.push_back(queue.name);
  for (std::uint32_t shard = 0; shard < shards; ++shard) group.homes.push_back(home(shard));
  group.nodes = nodes;
  return {group};
}

}  // namespace millrace
