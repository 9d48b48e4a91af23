#include "cluster/move/shell/move_actor.hpp"

#include <utility>

#include "cluster/move/shell/move_shell.hpp"

namespace millrace::moves {

MoveService::MoveService(caf::actor_system& system, MoveServiceConfig config)
    : shell_(std::make_shared<MoveShell>()) {
  const bool own_thread = config.moves->has_threads();
  const auto start = [shell = shell_, config = std::move(config)](caf::event_based_actor* self) {
    return shell->start(self, shell, config);
  };
  actor_ = own_thread ? system.spawn<caf::detached>(start) : system.spawn(start);
}

MoveService::~MoveService() {
  caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown);
}

void MoveService::run(std::function<void()> task) {
  caf::anon_send(actor_, TaskMessage{std::make_shared<std::function<void()>>(std::move(task))});
}

void MoveService::take(const std::string& peer, transport::Frame frame, transport::Credit credit) {
  run([shell = shell_, peer, frame = std::move(frame),
       charge = std::make_shared<transport::Credit>(std::move(credit))] {
    shell->on_frame(peer, frame);
    *charge = {};
  });
}

void MoveService::on_up(const std::string& peer) {
  run([shell = shell_, peer] { shell->on_up(peer); });
}

void MoveService::on_down(const std::string& peer) {
  run([shell = shell_, peer] { shell->on_down(peer); });
}

void MoveService::on_layout() {
  run([shell = shell_] { shell->on_layout(); });
}

void MoveService::give_up(const std::string& node) {
  run([shell = shell_, node] { shell->on_give_up(node); });
}

void MoveService::define(const std::string& queue, const std::string& dead_letters,
                         std::function<void()> done) {
  run([shell = shell_, queue, dead_letters, done = std::move(done)] {
    shell->on_define(queue, dead_letters, done);
  });
}

void MoveService::move(const std::string& role, std::uint32_t shard, const std::string& to,
                       std::function<void(Result<void>)> done) {
  run([shell = shell_, role, shard, to, done = std::move(done)] {
    shell->on_move(role, shard, to, done);
  });
}

}  // namespace millrace::moves
