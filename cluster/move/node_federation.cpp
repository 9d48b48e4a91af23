#include "cluster/move/node_federation.hpp"

#include <memory>
#include <utility>

namespace millrace::handover {

void NodeFederation::started(ActorSystem& system, LocalQueues local, ShardMoves& moves) {
  HandoverConfig config;
  config.table = &table_;
  config.moves = &moves;
  config.transport = &transport_;
  config.clock = &clock_;
  config.spool_directory = spool_directory_;
  {
    const std::lock_guard lock(mutex_);
    handover_ = std::make_unique<Handover>(system, std::move(config));
  }
  others_.started(system, std::move(local), moves);
}

void NodeFederation::stopped() {
  {
    const std::lock_guard lock(mutex_);
    handover_.reset();
  }
  others_.stopped();
}

void NodeFederation::take(const std::string& peer, transport::Frame frame,
                          transport::Credit credit) {
  const std::lock_guard lock(mutex_);
  if (handover_) handover_->take(peer, std::move(frame), std::move(credit));
}

void NodeFederation::on_up(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  if (handover_) handover_->on_up(peer);
}

void NodeFederation::move(const std::string& role, std::uint32_t shard, const std::string& to,
                          std::function<void(Result<void>)> done) {
  {
    const std::lock_guard lock(mutex_);
    if (handover_) {
      handover_->move(role, shard, to, std::move(done));
      return;
    }
  }
  done(Error{ErrorCode::draining, "the node is stopping"});
}

}  // namespace millrace::handover
