#include "cluster/move/shell/move_actor.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/base/shell/tick_timer.hpp"
#include "cluster/move/core/source_core.hpp"
#include "cluster/move/core/target_core.hpp"
#include "cluster/move/move_request.hpp"
#include "cluster/move/shard_entry.hpp"
#include "messages/hash.hpp"

namespace millrace::moves {
namespace {

using Entry = ShardEntry;

constexpr DurationUs retry_us = 1'000'000;
/// Retry interval after `backlog_full`: shorter than retry_us, because the window soon has room.
constexpr DurationUs stalled_retry_us = 100'000;

}  // namespace

class MoveService::Shell {
 public:
  caf::behavior start(caf::event_based_actor* self, const std::shared_ptr<Shell>& me,
                      MoveServiceConfig config) {
    self_ = self;
    config_ = std::move(config);
    // The handler holds `me`, so the shell lives as long as the actor.
    self->set_exit_handler([this, me](const caf::exit_msg& exit) {
      for (auto& [key, entry] : entries_) {
        finish(entry, Error{ErrorCode::draining, "the node is stopping"});
      }
      self_->quit(exit.reason);
    });
    for (const pb::ShardRecord& record : config_.table->records()) add(record);
    for (auto& [key, entry] : entries_) run(entry, moves::recover(entry.core, std::nullopt));
    schedule();
    return {
        [](const TaskMessage& m) { (*m.run)(); },
        [this](const TickMessage& m) {
          if (tick_.is_due(self_, m, now())) on_tick();
        },
    };
  }

  void on_frame(const std::string& peer, const transport::Frame& frame) {
    const Result<void> taken = frame.kind == move_frame ? on_step(peer, frame) : on_gossip(frame);
    if (!taken) std::ignore = config_.transport->reject(peer, taken.error());
  }

  // Sends the gossip to `peer`: later if the window is full; in on_up() if the link is down.
  void tell(const std::string& peer) {
    const pb::PlacementGossip gossip = config_.table->gossip();
    if (gossip.shard_size() == 0) return;
    const auto sent = config_.transport->send(peer, {gossip_frame, gossip.SerializeAsString()});
    if (sent || sent.error().code != ErrorCode::backlog_full) return;
    pending_gossip_.insert(peer);
    schedule();
  }

  void on_move(const std::string& role, std::uint32_t shard, const std::string& to,
               std::function<void(Result<void>)> done) {
    Entry* const entry = find(role, shard);
    if (auto may = may_move(*config_.table, *config_.transport, {role, shard}, to); !may) {
      return done(may.error());
    }
    auto begun =
        moves::start_move(entry->core, to, static_cast<std::uint64_t>(config_.clock->now_us()));
    if (!begun) return done(begun.error());
    entry->done = std::move(done);
    entry->cause.reset();
    entry->began_us = now();
    spdlog::info("{} begins to move to {}", entry->name(), to);
    run(*entry, *begun);
    schedule();
  }

 private:
  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }

  using Key = std::pair<std::string, std::uint32_t>;

  void add(const pb::ShardRecord& record) {
    Entry& entry = entries_[{record.role(), record.shard()}];
    entry.shard = {record.role(), record.shard(), config_.table->groups().at(record.role()).queues};
    entry.core.self = config_.table->self();
    entry.core.record = record;
  }

  [[nodiscard]] Entry* find(const std::string& role, std::uint32_t shard) {
    const auto found = entries_.find({role, shard});
    return found == entries_.end() ? nullptr : &found->second;
  }

  /// Returns a callback that runs `act` on this actor with the arguments of the callback. The
  /// callback may be called on any thread.
  template <class Act>
  auto resume_with(Act act) {
    return [self = caf::actor_cast<caf::actor>(self_), act = std::move(act)](auto... results) {
      auto shared = std::make_shared<std::tuple<decltype(results)...>>(std::move(results)...);
      caf::anon_send(self, TaskMessage{std::make_shared<std::function<void()>>(
                               [act, shared] { std::apply(act, std::move(*shared)); })});
    };
  }

  Result<void> on_step(const std::string& peer, const transport::Frame& frame) {
    pb::MoveStep step;
    if (!step.ParseFromString(frame.bytes)) {
      return Error{ErrorCode::protocol, "a step of a move that does not parse"};
    }
    Entry* const entry = find(step.attempt().role(), step.attempt().shard());
    if (entry == nullptr) {
      if (step.has_chunk()) std::ignore = send_step(peer, declined_unknown(step.attempt()));
      return {};
    }
    if (step.has_declined()) {
      entry->cause =
          Error{static_cast<ErrorCode>(step.declined().code()), step.declined().reason()};
    }
    run(*entry, moves::received(entry->core, peer, step));
    schedule();
    return {};
  }

  Result<void> on_gossip(const transport::Frame& frame) {
    pb::PlacementGossip gossip;
    if (!gossip.ParseFromString(frame.bytes)) {
      return Error{ErrorCode::protocol, "gossip about shards that does not parse"};
    }
    for (const auto& known : gossip.shard()) {
      if (Entry* const entry = find(known.role(), known.shard())) {
        run(*entry, moves::learn(entry->core, known.ownership()));
      }
    }
    return {};
  }

  void on_tick() {
    for (auto& [key, entry] : entries_) {
      if (entry.is_stuck(now(), config_.rest_timeout.count() * 1'000)) {
        fail(entry, {ErrorCode::timeout, "the target took nothing more of it"});
      } else {
        run(entry, moves::retry(entry.core));
      }
    }
    for (const std::string& peer : std::exchange(pending_gossip_, {})) tell(peer);
    schedule();
  }

  void schedule() {
    const bool is_any = std::any_of(entries_.begin(), entries_.end(),
                                    [](const auto& one) { return one.second.is_leaving(); });
    if (!is_any && pending_gossip_.empty()) return;
    const DurationUs wait_us = std::exchange(is_stalled_, false) ? stalled_retry_us : retry_us;
    tick_.set(self_, now() + wait_us, now());
  }

  // --- Effects

  void run(Entry& entry, const Effects& effects) {
    for (const moves::Effect& effect : effects) {
      std::visit([&](const auto& one) { carry_out(entry, one); }, effect);
    }
    if (is_stalled_) schedule();
  }

  void carry_out(Entry& entry, const moves::Write& write) {
    const pb::Ownership& before = entry.core.record.ownership();
    const pb::Ownership& next = write.record.ownership();
    const std::string& self = config_.table->self();
    const auto done = resume_with([this, &entry] { on_written(entry); });
    if (before.owner() == self && next.owner() != self && entry.core.record.has_offered()) {
      // The target has installed. Set the new owner first: the queues that become outboxes need it.
      config_.table->set(write.record);
      config_.moves->give_up(entry.shard, write.record, entry.core.record.offered().seal(), done);
    } else if (before.owner() != self && next.owner() == self) {
      config_.moves->install(entry.shard, write.record, done);
    } else {
      config_.moves->record(write.record, done);
    }
  }

  void on_written(Entry& entry) {
    const std::string before = entry.core.record.ownership().owner();
    const Effects effects = moves::written(entry.core);
    config_.table->set(entry.core.record);
    const std::string& owner = entry.core.record.ownership().owner();
    if (owner != before) {
      spdlog::info("{} is served by {}, epoch {}", entry.name(), owner,
                   entry.core.record.ownership().epoch());
      // give_up and install have redirected the ingresses themselves.
      const std::string& self = config_.table->self();
      if (before != self && owner != self) config_.moves->retarget(entry.shard);
      tell_all();
    }
    run(entry, effects);
    schedule();
  }

  void carry_out(Entry& /*entry*/, const moves::Send& send) {
    std::ignore = send_step(send.to, send.step);
  }

  void carry_out(Entry& entry, const moves::SendChunks& chunks) {
    if (!entry.spool) return;
    for (std::uint64_t i = chunks.first; i < chunks.end; ++i) {
      auto data = entry.spool->read(i);
      if (!data) return fail(entry, data.error());
      pb::MoveStep step;
      *step.mutable_attempt() = chunks.attempt;
      *step.mutable_chunk() = moves::make_chunk(i, entry.seal.chunks(), std::move(*data));
      step.mutable_chunk()->set_sent_at_us(config_.clock->now_us());
      const Result<void> sent = send_step(chunks.to, step);
      if (sent) continue;
      const ErrorCode code = sent.error().code;
      if (code == ErrorCode::backlog_full || code == ErrorCode::unreachable) return;  // retried
      return fail(entry, sent.error());
    }
  }

  void carry_out(Entry& entry, const moves::Quiesce& quiesce) {
    config_.moves->quiesce(entry.shard, config_.rest_timeout,
                           resume_with([this, &entry, attempt = quiesce.attempt](
                                           const Result<QuiescedShard>& quiesced) {
                             on_frozen(entry, attempt, quiesced);
                           }));
  }

  void on_frozen(Entry& entry, const pb::MoveAttempt& attempt,
                 const Result<QuiescedShard>& quiesced) {
    if (!entry.is_leaving_by(attempt)) return;
    if (!quiesced) return fail(entry, quiesced.error());
    auto spool = ChunkSpool::make(config_.spool_directory);
    if (!spool) return fail(entry, spool.error());
    entry.spool = std::move(*spool);
    entry.seal = seal_of(*quiesced);
    // Only the exporter accesses the spool until the export ends.
    const auto digest = std::make_shared<std::uint64_t>(0);
    config_.moves->export_chunks(
        *quiesced,
        [digest, to = entry.spool](const std::string& chunk) {
          *digest = moves::chain(*digest, hash_key(chunk));
          return to->add(chunk);
        },
        resume_with([this, &entry, attempt, digest](const Result<void>& done) {
          on_exported(entry, attempt, done, *digest);
        }));
  }

  void on_exported(Entry& entry, const pb::MoveAttempt& attempt, const Result<void>& done,
                   std::uint64_t digest) {
    if (!entry.is_leaving_by(attempt)) return;
    if (!done) return fail(entry, done.error());
    entry.seal.set_chunks(entry.spool->size());
    entry.seal.set_digest(digest);
    run(entry, moves::quiesced(entry.core, attempt, entry.seal));
  }

  // Serve the shard: at the start, after a failed move, or after an install.
  void carry_out(Entry& entry, const moves::Open& /*open*/) {
    config_.moves->serve_again(entry.shard);
    entry.spool.reset();
    finish(entry, entry.cause.value_or(Error{ErrorCode::fenced, "the target refused the shard"}));
  }

  void carry_out(Entry& entry, const moves::Fence& /*fence*/) {
    spdlog::critical(
        "{} is served by {} in epoch {}, though this node never gave it away: its disk seems to be "
        "restored from a copy. What it holds of the shard stays as it is, and waits for a person",
        entry.name(), entry.core.record.ownership().owner(), entry.core.record.ownership().epoch());
    config_.moves->fence(entry.shard);
  }

  void carry_out(Entry& entry, const moves::Discard& /*discard*/) {
    entry.spool.reset();
    finish(entry, {});
  }

  void carry_out(Entry& entry, const moves::Stage& stage) {
    if (stage.anew) {
      entry.cause.reset();
      entry.staged.clear();
    }
    config_.moves->stage(
        entry.shard, stage.anew, stage.chunk.data(), stage.chunk.sent_at_us(),
        resume_with([this, &entry, attempt = stage.attempt, index = stage.chunk.index()](
                        const Result<void>& done) { on_staged(entry, attempt, index, done); }));
  }

  // A chunk that could not be stored fails the attempt in Prepare, when all chunks have arrived.
  void on_staged(Entry& entry, const pb::MoveAttempt& attempt, std::uint64_t index,
                 const Result<void>& done) {
    const auto& incoming = entry.core.incoming;
    if (!incoming || !moves::same(incoming->attempt, attempt)) return;
    if (!done && !entry.cause) entry.cause = done.error();
    entry.staged.insert(index);
    std::uint64_t stored = incoming->stored;
    while (entry.staged.erase(stored) > 0) ++stored;
    run(entry, moves::chunk_stored(entry.core, attempt, stored));
  }

  void carry_out(Entry& entry, const moves::Prepare& prepare) {
    std::optional<Error> failure = entry.cause;
    if (const auto whole = config_.moves->check_staged(entry.shard); !failure && !whole) {
      failure = whole.error();
    }
    if (failure) {
      spdlog::error("{} cannot be taken over: {}", entry.name(), failure->message);
    }
    run(entry, moves::prepared(entry.core, prepare.attempt, failure));
  }

  void carry_out(Entry& entry, const moves::DropStaging& /*drop*/) {
    config_.moves->drop_staged(entry.shard);
  }

  void fail(Entry& entry, const Error& cause) {
    entry.cause = cause;
    run(entry, moves::cancel_move(entry.core));
  }

  void finish(Entry& entry, Result<void> result) {
    if (!entry.done) return;
    const double seconds = static_cast<double>(now() - entry.began_us) / 1'000'000;
    if (result) {
      spdlog::info("{} has moved, in {:.3f} s", entry.name(), seconds);
    } else {
      spdlog::warn("{} did not move: {}", entry.name(), result.error().message);
    }
    std::exchange(entry.done, {})(std::move(result));
  }

  Result<void> send_step(const std::string& to, const pb::MoveStep& step) {
    auto sent = config_.transport->send(to, {move_frame, step.SerializeAsString()});
    is_stalled_ = is_stalled_ || (!sent && sent.error().code == ErrorCode::backlog_full);
    return sent;
  }

  void tell_all() {
    for (const std::string& node : config_.table->other_nodes()) tell(node);
  }

  caf::event_based_actor* self_ = nullptr;
  MoveServiceConfig config_;
  std::map<Key, Entry> entries_;  ///< never grows after the start, so references stay valid
  std::set<std::string> pending_gossip_;
  TickTimer tick_;
  bool is_stalled_ = false;  ///< a send returned `backlog_full` since the last schedule()
};

MoveService::MoveService(caf::actor_system& system, MoveServiceConfig config)
    : shell_(std::make_shared<Shell>()) {
  actor_ = system.spawn<caf::detached>(
      [shell = shell_, config = std::move(config)](caf::event_based_actor* self) {
        return shell->start(self, shell, config);
      });
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
  run([shell = shell_, peer] { shell->tell(peer); });
}

void MoveService::move(const std::string& role, std::uint32_t shard, const std::string& to,
                       std::function<void(Result<void>)> done) {
  run([shell = shell_, role, shard, to, done = std::move(done)] {
    shell->on_move(role, shard, to, done);
  });
}

}  // namespace millrace::moves
