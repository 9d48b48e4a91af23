#include "actors/move/shard_moves.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include <spdlog/spdlog.h>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/move/shell/export_actor.hpp"
#include "actors/move/shell/quiescer_actor.hpp"
#include "actors/queue/move/target.hpp"

namespace millrace {
namespace {

using Key = std::pair<std::string, std::uint32_t>;

Key key_of(const MovingShard& shard) {
  return {shard.role, shard.shard};
}

Error malformed(const std::string& what) {
  return {ErrorCode::invalid_argument, "a staged shard: " + what};
}

// Shifts the times of the part to this node's clock.
Result<void> set_clock(pb::Install& install, TimeUs sent_at_us, TimeUs now_us) {
  pb::SnapshotPart part;
  if (!part.ParseFromString(install.part())) return malformed("a part does not parse");
  if (!queues::is_time(std::abs(sent_at_us)))
    return malformed("the time at which it was sent is out of range");
  queues::shift_times(part, now_us - sent_at_us);
  install.set_part(part.SerializeAsString());
  return {};
}

}  // namespace

/// A shard that this node receives.
struct ShardMoves::StagedShard {
  std::vector<pb::Declaration> declarations{};
  std::vector<std::string> begun{};  ///< queues with at least one chunk

  [[nodiscard]] pb::Declaration* find(const std::string& queue) {
    const auto found = std::find_if(declarations.begin(), declarations.end(),
                                    [&](const auto& one) { return one.name() == queue; });
    return found == declarations.end() ? nullptr : &*found;
  }
};

ShardMoves::ShardMoves(ActorSystem& system, NodeActors& actors, queues::RecordLog& log,
                       const Clock& clock)
    : system_(system), actors_(actors), log_(log), clock_(clock) {}

ShardMoves::~ShardMoves() = default;

void ShardMoves::quiesce(const MovingShard& shard, std::chrono::milliseconds timeout,
                         std::function<void(Result<QuiescedShard>)> done) {
  const std::vector<NodeActors::ServedQueue> members =
      actors_.served_queues(shard.queues, shard.shard);
  QuiescerConfig config;
  for (const NodeActors::ServedQueue& member : members) config.queues.push_back(member.handle);
  config.ingresses = actors_.other_ingresses(shard.queues, shard.shard);
  config.log = &log_;
  config.clock = &clock_;
  config.timeout = timeout;
  config.done = [this, shard, members,
                 done = std::move(done)](Result<std::vector<queues::QuiescedReply>> replies) {
    if (!replies) {
      serve_again(shard);
      return done(replies.error());
    }
    QuiescedShard quiesced;
    for (std::size_t i = 0; i < members.size(); ++i) {
      const queues::QuiescedReply& reply = (*replies)[i];
      quiesced.queues.push_back({members[i], reply.last, reply.duplicates, reply.parts});
    }
    done(std::move(quiesced));
  };
  spawn_quiescer(system_, std::move(config));
}

void ShardMoves::fence(const MovingShard& shard) {
  for (const NodeActors::ServedQueue& member : actors_.served_queues(shard.queues, shard.shard)) {
    tell(member.handle, queues::QuiesceMessage{.seals = true});
  }
}

void ShardMoves::serve_again(const MovingShard& shard) {
  for (const NodeActors::ServedQueue& member : actors_.served_queues(shard.queues, shard.shard)) {
    tell(member.handle, queues::ServeMessage{});
  }
}

bool ShardMoves::has_threads() const {
  return actors_.has_threads();
}

void ShardMoves::export_chunks(const QuiescedShard& shard,
                               std::function<Result<void>(std::string)> take, Done done) {
  ExportConfig config;
  for (const QuiescedShard::Queue& queue : shard.queues) {
    config.queues.push_back(
        {queue.member.handle, queue.member.declaration, queue.last, queue.parts});
  }
  config.reader = actors_.reader();
  config.states = actors_.states();
  config.take = std::move(take);
  config.own_thread = has_threads();
  config.done = [done = std::move(done)](std::optional<Error> failed) {
    done(failed ? Result<void>(*failed) : Result<void>());
  };
  spawn_exporter(system_, std::move(config));
}

void ShardMoves::propose(std::shared_ptr<pb::Record> record, std::function<void()> durable) {
  record->set_at_us(clock_.now_us());
  auto proposal = std::make_shared<queues::RecordProposal>();
  proposal->record = std::move(record);
  proposal->durable = std::move(durable);
  log_.propose(std::move(proposal));
}

void ShardMoves::keep(const pb::ShardRecord& record) {
  const std::lock_guard lock(mutex_);
  records_[{record.role(), record.shard()}] = record;
}

void ShardMoves::record(const pb::ShardRecord& record, std::function<void()> done) {
  auto written = std::make_shared<pb::Record>();
  *written->add_shard() = record;
  propose(std::move(written), [this, record, done = std::move(done)] {
    keep(record);
    done();
  });
}

void ShardMoves::give_up(const MovingShard& shard, const pb::ShardRecord& record,
                         const pb::Seal& seal, std::function<void()> done) {
  auto written = std::make_shared<pb::Record>();
  *written->add_shard() = record;
  std::vector<NodeActors::GivenUpQueue> leaving = actors_.plan_give_up(shard.queues, shard.shard);
  for (NodeActors::GivenUpQueue& one : leaving) {
    if (!one.outbox) {
      written->add_retire(one.number);
      continue;
    }
    pb::Change& change = *written->add_change();
    change.set_queue(one.number);
    *change.mutable_become_outbox()->mutable_as() = *one.outbox;
    change.mutable_become_outbox()->set_generation(actors_.generation());
    for (const pb::Seal::Boundary& boundary : seal.boundary()) {
      if (boundary.queue() != one.number) continue;
      one.up_to = boundary.last();
      change.mutable_become_outbox()->set_up_to(boundary.last());
      change.mutable_become_outbox()->set_duplicates(boundary.duplicates());
    }
  }
  propose(std::move(written), [this, record, leaving = std::move(leaving), done = std::move(done)] {
    keep(record);
    actors_.give_up(leaving);
    done();
  });
}

void ShardMoves::stage(const MovingShard& shard, bool anew, const std::string& bytes,
                       TimeUs sent_at_us, Done done) {
  if (anew) drop_staged(shard);
  // The rest of the room is reserved for accepted work.
  if (log_.is_full()) {
    return done(Error{ErrorCode::storage_full, "the disk of the target node is full"});
  }
  auto chunk = std::make_shared<pb::ShardChunk>();
  if (!chunk->ParseFromString(bytes)) return done(malformed("a chunk does not parse"));
  if (auto set = set_clock(*chunk->mutable_install(), sent_at_us, clock_.now_us()); !set) {
    return done(set.error());
  }
  std::shared_ptr<StagedShard> staged;
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<StagedShard>& entry = staged_[key_of(shard)];
    is_new = entry == nullptr;
    if (is_new) entry = std::make_shared<StagedShard>();
    staged = entry;
  }
  if (is_new) {
    if (auto begun = begin_staged(shard, *staged, false); !begun) return done(begun.error());
  }
  const std::string& queue = chunk->queue().name();
  pb::Declaration declaration;
  {
    const std::lock_guard lock(mutex_);
    pb::Declaration* const found = staged->find(queue);
    if (found == nullptr) return done(malformed("no pipeline here has a queue " + queue));
    if (chunk->queue().began_anew()) found->set_began_anew(true);  // durable once it is installed
    declaration = *found;
    if (std::find(staged->begun.begin(), staged->begun.end(), queue) == staged->begun.end()) {
      staged->begun.push_back(queue);
    }
  }
  if (declaration.type() != chunk->queue().type() ||
      declaration.dead_letters() != chunk->queue().dead_letters() ||
      declaration.shards() != chunk->queue().shards()) {
    return done(malformed("queue " + queue + " of type " + chunk->queue().type() +
                          "; here it has type " + declaration.type()));
  }
  const std::string& state_type = chunk->queue().state_type();
  if (!state_type.empty() && !declaration.state_type().empty() &&
      state_type != declaration.state_type()) {
    return done(malformed("queue " + queue + " with states of type " + state_type +
                          "; here they have type " + declaration.state_type()));
  }
  tell(
      actors_.handle(declaration.number()),
      queues::InstallMessage{std::shared_ptr<const pb::Install>(chunk, &chunk->install()),
                             std::make_shared<std::function<void(Result<void>)>>(std::move(done))});
}

Result<void> ShardMoves::begin_staged(const MovingShard& shard, StagedShard& staged,
                                      bool began_anew) {
  auto added = actors_.add_staged(shard.queues, shard.shard, began_anew);
  if (!added) return added.error();
  {
    const std::lock_guard lock(mutex_);
    staged.declarations = *added;
  }
  auto declared = std::make_shared<pb::Record>();
  for (const pb::Declaration& one : *added) *declared->add_declare() = one;
  propose(std::move(declared), [this, queues = *added] { actors_.on_staged_declared(queues); });
  return {};
}

void ShardMoves::add_defined(const std::string& queue, const pb::ShardRecord& record, bool serves,
                             std::function<void()> done) {
  std::vector<pb::Declaration> declared = actors_.declare_defined(queue, record.shard(), serves);
  auto written = std::make_shared<pb::Record>();
  *written->add_shard() = record;
  for (const pb::Declaration& one : declared) *written->add_declare() = one;
  // Of the new outbox; the others have it, and ignore it.
  written->set_generation(actors_.generation());
  propose(std::move(written),
          [this, record, declared = std::move(declared), done = std::move(done)] {
            keep(record);
            actors_.install_defined(declared);
            done();
          });
}

bool ShardMoves::holds(const MovingShard& shard) const {
  return !actors_.served_queues(shard.queues, shard.shard).empty();
}

void ShardMoves::found(const MovingShard& shard, const pb::ShardRecord& record,
                       std::function<void()> done) {
  if (holds(shard) || shard.queues.empty()) return this->record(record, std::move(done));
  drop_staged(shard);
  auto staged = std::make_shared<StagedShard>();
  // Beyond its first epoch a shard is founded only if an operator has given its owner up. Outboxes remember
  // what that owner has settled.
  const bool is_anew = record.ownership().epoch() > 1;
  if (auto begun = begin_staged(shard, *staged, is_anew); !begun) return;  // the node is stopping
  {
    const std::lock_guard lock(mutex_);
    staged_[key_of(shard)] = std::move(staged);
  }
  install(shard, record, std::move(done));
}

Result<void> ShardMoves::check_staged(const MovingShard& shard) const {
  const std::lock_guard lock(mutex_);
  const auto staged = staged_.find(key_of(shard));
  for (const std::string& queue : shard.queues) {
    if (staged != staged_.end() &&
        std::find(staged->second->begun.begin(), staged->second->begun.end(), queue) !=
            staged->second->begun.end()) {
      continue;
    }
    return malformed("queue " + queue + " has no chunk");
  }
  return {};
}

void ShardMoves::install(const MovingShard& shard, const pb::ShardRecord& record,
                         std::function<void()> done) {
  std::shared_ptr<StagedShard> staged;
  {
    const std::lock_guard lock(mutex_);
    const auto found = staged_.find(key_of(shard));
    if (found != staged_.end()) {
      staged = found->second;
      staged_.erase(found);
    }
  }
  if (!staged)
    return this->record(record, std::move(done));  // no chunks were staged: only the record
  auto written = std::make_shared<pb::Record>();
  *written->add_shard() = record;
  for (const pb::Declaration& queue : staged->declarations) {
    *written->add_declare() = queue;
    written->mutable_declare()->rbegin()->set_staged(false);
    written->add_change()->set_queue(queue.number());  // delivers the record to the queue
  }
  propose(std::move(written), [this, record, staged, done = std::move(done)] {
    keep(record);
    actors_.install_staged(staged->declarations);
    done();
  });
}

void ShardMoves::drop_staged(const MovingShard& shard) {
  std::shared_ptr<StagedShard> staged;
  {
    const std::lock_guard lock(mutex_);
    const auto found = staged_.find(key_of(shard));
    if (found == staged_.end()) return;
    staged = found->second;
    staged_.erase(found);
  }
  // Retire the queues behind their last chunk: no later record may name a retired queue.
  const auto left = std::make_shared<std::atomic<std::size_t>>(staged->declarations.size());
  const auto stopped = std::make_shared<std::function<void()>>([this, staged, left] {
    if (--*left == 0) retire(staged->declarations);
  });
  for (const pb::Declaration& one : staged->declarations) {
    tell(actors_.handle(one.number()), queues::AbandonMessage{stopped});
  }
}

void ShardMoves::retire(const std::vector<pb::Declaration>& staged) {
  auto retired = std::make_shared<pb::Record>();
  for (const pb::Declaration& one : staged) retired->add_retire(one.number());
  propose(std::move(retired), [this, staged] { actors_.remove_staged(staged); });
}

void ShardMoves::retarget(const MovingShard& shard) {
  for (const std::string& queue : shard.queues) actors_.retarget(queue, shard.shard);
}

void ShardMoves::recollect(std::function<void(queues::Recollection)> done) {
  constexpr std::int64_t unknown = std::int64_t{1} << 40;
  struct Collected {
    std::mutex mutex;  ///< guards all below
    queues::Recollection all;
    std::int64_t missing = unknown;  ///< queues that have not answered
  };
  const auto collected = std::make_shared<Collected>();
  const auto count = [collected, done = std::move(done)](std::int64_t by) {
    {
      const std::lock_guard lock(collected->mutex);
      collected->missing += by;
      if (collected->missing != 0) return;
    }
    done(std::move(collected->all));
  };
  // The queues know what is in flight when an empty record behind it is durable.
  propose(std::make_shared<pb::Record>(), [this, collected, count] {
    const std::size_t queues = actors_.snapshot(0, [collected, count](const queues::State& state) {
      {
        const std::lock_guard lock(collected->mutex);
        queues::recollect(state, queue_of(*state.declaration), collected->all);
      }
      count(-1);
    });
    count(static_cast<std::int64_t>(queues) - unknown);
  });
}

ShardRecords ShardMoves::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

void ShardMoves::recovered(const ShardRecords& records) {
  const std::lock_guard lock(mutex_);
  records_ = records;
}

}  // namespace millrace
