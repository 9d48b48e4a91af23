#include "cluster/move/node_federation.hpp"

#include <memory>
#include <utility>

namespace millrace::moves {

MoveServiceConfig NodeFederation::service_config(ShardMoves& moves) {
  MoveServiceConfig config;
  config.table = &table_;
  config.moves = &moves;
  config.transport = &transport_;
  config.clock = &clock_;
  config.incarnation = incarnation_;
  config.spool_directory = spool_directory_;
  config.accepts_loss = accepts_loss_;
  return config;
}

void NodeFederation::compare(ActorSystem& system, ShardMoves& moves, std::function<void()> serve,
                             std::function<void(const Error&)> outdated) {
  MoveServiceConfig config = service_config(moves);
  config.on_compared = [this, serve = std::move(serve)] {
    on_compared_();
    serve();
  };
  config.on_outdated = std::move(outdated);
  others_.open(system);
  const std::lock_guard lock(mutex_);
  moves_ = std::make_unique<MoveService>(system, std::move(config));
}

void NodeFederation::started(ActorSystem& system, const NodeActors& actors, ShardMoves& moves) {
  {
    const std::lock_guard lock(mutex_);
    // It runs already if it has compared the data directory.
    if (!moves_) moves_ = std::make_unique<MoveService>(system, service_config(moves));
  }
  others_.started(system, actors, moves);
}

void NodeFederation::stopped() {
  {
    const std::lock_guard lock(mutex_);
    moves_.reset();
  }
  others_.stopped();
}

void NodeFederation::define_queue(const std::string& queue, const std::string& dead_letters,
                                  std::function<void()> done) {
  table_.add_queues({queue, dead_letters});
  const std::lock_guard lock(mutex_);
  if (moves_) moves_->define(queue, dead_letters, std::move(done));
}

void NodeFederation::take(const std::string& peer, transport::Frame frame,
                          transport::Credit credit) {
  const std::lock_guard lock(mutex_);
  if (moves_) moves_->take(peer, std::move(frame), std::move(credit));
}

void NodeFederation::on_up(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  if (moves_) moves_->on_up(peer);
}

void NodeFederation::on_down(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  if (moves_) moves_->on_down(peer);
}

void NodeFederation::set_layout(ClusterLayout layout) {
  table_.set_layout(std::move(layout));
  const std::lock_guard lock(mutex_);
  if (moves_) moves_->on_layout();
}

void NodeFederation::give_up(const std::string& node) {
  const std::lock_guard lock(mutex_);
  if (moves_) moves_->give_up(node);
}

void NodeFederation::move(const std::string& role, std::uint32_t shard, const std::string& to,
                          std::function<void(Result<void>)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (moves_) {
      moves_->move(role, shard, to, std::move(done));
      return;
    }
  }
  done(Error{ErrorCode::draining, "the node is stopping"});
}

}  // namespace millrace::moves
