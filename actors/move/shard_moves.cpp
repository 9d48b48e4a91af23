#include "actors/move/shard_moves.hpp"

#include <algorithm>
#include <atomic>
#include <optional>

#include <spdlog/spdlog.h>

#include "actors/base/shell/tell_actor.hpp"
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
  return {ErrorCode::invalid_argument, "the copy of a shard: " + what};
}

// The part's times become those of this node's clock.
Result<void> set_clock(pb::Install& install, TimeUs sent_at_us, TimeUs now_us) {
  pb::SnapshotPart part;
  if (!part.ParseFromString(install.part())) return malformed("a part does not parse");
  if (!queues::is_time(std::abs(sent_at_us))) return malformed("it was sent at no valid time");
  queues::shift_times(part, now_us - sent_at_us);
  install.set_part(part.SerializeAsString());
  return {};
}

}  // namespace

/// A shard on its way in.
struct ShardMoves::Copy {
  std::vector<pb::Declaration> declarations{};
  std::vector<std::string> begun{};  ///< queues of which the first part is here

  [[nodiscard]] const pb::Declaration* find(const std::string& queue) const {
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

void ShardMoves::serve_again(const MovingShard& shard) {
  for (const NodeActors::ServedQueue& member : actors_.served_queues(shard.queues, shard.shard)) {
    tell(member.handle, queues::ServeMessage{});
  }
}

void ShardMoves::export_chunks(const QuiescedShard& shard,
                               std::function<Result<void>(std::string)> take, Done done) {
  ExportConfig config;
  for (const QuiescedShard::Queue& queue : shard.queues) {
    config.queues.push_back(
        {queue.member.handle, queue.member.declaration, queue.last, queue.parts});
  }
  config.reader = actors_.reader();
  config.take = std::move(take);
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
  const std::vector<NodeActors::GivenUpQueue> leaving =
      actors_.plan_give_up(shard.queues, shard.shard);
  for (const NodeActors::GivenUpQueue& one : leaving) {
    if (!one.outbox) {
      written->add_retire(one.number);
      continue;
    }
    pb::Change& change = *written->add_change();
    change.set_queue(one.number);
    *change.mutable_become_outbox()->mutable_as() = *one.outbox;
    for (const pb::Seal::Boundary& boundary : seal.boundary()) {
      if (boundary.queue() != one.number) continue;
      change.mutable_become_outbox()->set_up_to(boundary.last());
      change.mutable_become_outbox()->set_duplicates(boundary.duplicates());
    }
  }
  propose(std::move(written), [this, record, leaving, done = std::move(done)] {
    keep(record);
    actors_.give_up(leaving);
    done();
  });
}

void ShardMoves::stage(const MovingShard& shard, bool anew, const std::string& bytes,
                       TimeUs sent_at_us, Done done) {
  if (anew) drop_staged(shard);
  // The last of the room is for what this node has accepted.
  if (log_.is_full()) {
    return done(
        Error{ErrorCode::storage_full, "no room on the disk of the node that is to take it"});
  }
  auto chunk = std::make_shared<pb::ShardChunk>();
  if (!chunk->ParseFromString(bytes)) return done(malformed("a chunk does not parse"));
  if (auto set = set_clock(*chunk->mutable_install(), sent_at_us, clock_.now_us()); !set) {
    return done(set.error());
  }
  std::shared_ptr<Copy> copy;
  bool is_new = false;
  {
    const std::lock_guard lock(mutex_);
    std::shared_ptr<Copy>& known = copies_[key_of(shard)];
    is_new = known == nullptr;
    if (is_new) known = std::make_shared<Copy>();
    copy = known;
  }
  if (is_new) {
    auto added = actors_.add_staged(shard.queues, shard.shard);
    if (!added) return done(added.error());
    {
      const std::lock_guard lock(mutex_);
      copy->declarations = *added;
    }
    auto declared = std::make_shared<pb::Record>();
    for (const pb::Declaration& one : *added) *declared->add_declare() = one;
    propose(std::move(declared), [this, copies = *added] { actors_.on_staged_declared(copies); });
  }
  const std::string& queue = chunk->queue().name();
  pb::Declaration declaration;
  {
    const std::lock_guard lock(mutex_);
    const pb::Declaration* const found = copy->find(queue);
    if (found == nullptr) return done(malformed("no pipeline here has a queue " + queue));
    declaration = *found;
    if (std::find(copy->begun.begin(), copy->begun.end(), queue) == copy->begun.end()) {
      copy->begun.push_back(queue);
    }
  }
  if (declaration.type() != chunk->queue().type() ||
      declaration.dead_letters() != chunk->queue().dead_letters() ||
      declaration.shards() != chunk->queue().shards()) {
    return done(malformed("queue " + queue + " of type " + chunk->queue().type() +
                          " is another one here, of type " + declaration.type()));
  }
  tell(
      actors_.handle(declaration.number()),
      queues::InstallMessage{std::shared_ptr<const pb::Install>(chunk, &chunk->install()),
                             std::make_shared<std::function<void(Result<void>)>>(std::move(done))});
}

Result<void> ShardMoves::check_staged(const MovingShard& shard) const {
  const std::lock_guard lock(mutex_);
  const auto copy = copies_.find(key_of(shard));
  for (const std::string& queue : shard.queues) {
    if (copy != copies_.end() && std::find(copy->second->begun.begin(), copy->second->begun.end(),
                                           queue) != copy->second->begun.end()) {
      continue;
    }
    return malformed("queue " + queue + " is not in it");
  }
  return {};
}

void ShardMoves::install(const MovingShard& shard, const pb::ShardRecord& record,
                         std::function<void()> done) {
  std::shared_ptr<Copy> copy;
  {
    const std::lock_guard lock(mutex_);
    const auto found = copies_.find(key_of(shard));
    if (found != copies_.end()) {
      copy = found->second;
      copies_.erase(found);
    }
  }
  if (!copy) return this->record(record, std::move(done));  // found, not moved
  auto written = std::make_shared<pb::Record>();
  *written->add_shard() = record;
  for (const pb::Declaration& staged : copy->declarations) {
    *written->add_declare() = staged;
    written->mutable_declare()->rbegin()->set_staged(false);
    written->add_change()->set_queue(staged.number());  // so that it hears of it
  }
  propose(std::move(written), [this, record, copy, done = std::move(done)] {
    keep(record);
    actors_.install_staged(copy->declarations);
    done();
  });
}

void ShardMoves::drop_staged(const MovingShard& shard) {
  std::shared_ptr<Copy> copy;
  {
    const std::lock_guard lock(mutex_);
    const auto found = copies_.find(key_of(shard));
    if (found == copies_.end()) return;
    copy = found->second;
    copies_.erase(found);
  }
  // Behind the last part: the log may not speak of a queue that is no more.
  const auto left = std::make_shared<std::atomic<std::size_t>>(copy->declarations.size());
  const auto stopped = std::make_shared<std::function<void()>>([this, copy, left] {
    if (--*left == 0) retire(copy->declarations);
  });
  for (const pb::Declaration& one : copy->declarations) {
    tell(actors_.handle(one.number()), queues::AbandonMessage{stopped});
  }
}

void ShardMoves::retire(const std::vector<pb::Declaration>& copies) {
  auto retired = std::make_shared<pb::Record>();
  for (const pb::Declaration& one : copies) retired->add_retire(one.number());
  propose(std::move(retired), [this, copies] { actors_.remove_staged(copies); });
}

void ShardMoves::retarget(const MovingShard& shard) {
  for (const std::string& queue : shard.queues) actors_.retarget(queue, shard.shard);
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
