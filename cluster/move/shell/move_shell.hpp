// MoveShell: the actor of a MoveService: carries out what the cores of cluster/move/core return.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <caf/all.hpp>
#include <spdlog/spdlog.h>

#include "actors/base/shell/actor_handle.hpp"
#include "actors/base/shell/tick_timer.hpp"
#include "cluster/move/core/comparison_core.hpp"
#include "cluster/move/core/source_core.hpp"
#include "cluster/move/core/target_core.hpp"
#include "cluster/move/move_request.hpp"
#include "cluster/move/shard_entry.hpp"
#include "cluster/move/shell/move_actor.hpp"
#include "cluster/move/shell/move_log.hpp"
#include "cluster/move/shell/pending_queues.hpp"
#include "messages/hash.hpp"

namespace millrace::moves {

/// Used by its actor only.
class MoveShell {
 public:
  caf::behavior start(caf::event_based_actor* self, const std::shared_ptr<MoveShell>& me,
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
    layout_ = config_.table->layout();
    for (const pb::ShardRecord& record : config_.table->records()) add(record);
    if (config_.on_compared) {
      begin_comparison();
    } else {
      begin();
    }
    return {
        [](const TaskMessage& m) { (*m.run)(); },
        [this](const TickMessage& m) {
          if (tick_.is_due(self_, m, now())) on_tick();
        },
    };
  }

  void on_frame(const std::string& peer, const transport::Frame& frame) {
    const Result<void> taken =
        frame.kind == move_frame ? on_step(peer, frame) : on_gossip(peer, frame);
    if (!taken) std::ignore = config_.transport->reject(peer, taken.error());
  }

  void on_up(const std::string& peer) {
    words_.erase(peer);
    tell(peer);
  }

  void on_down(const std::string& peer) {
    words_.erase(peer);
    pending_gossip_.erase(peer);
    judge_all();
  }

  // What was said under the layout of before does not count any more.
  void on_layout() {
    layout_ = config_.table->layout();
    others_ = layout_->nodes;
    others_.erase(config_.table->self());
    ++round_;
    std::erase_if(words_, [this](const auto& one) { return !others_.contains(one.first); });
    judge_all();
    for (const std::string& node : others_) tell(node);
    if (comparison_) end_comparison_if_complete();
  }

  void on_give_up(const std::string& node) {
    given_up_.insert(node);
    judge_all();
  }

  // A shard without an owner, or that moves, gets the queue later.
  void on_define(const std::string& queue, const std::string& dead_letters,
                 std::function<void()> done) {
    PendingQueue pending{queue, dead_letters, {}, std::move(done)};
    for (const auto& [key, entry] : entries_) {
      if (entry.shard.role.empty()) pending.shards.insert(key);
    }
    pending_queues_.add(std::move(pending));
    for (auto& [key, entry] : entries_) define_next(entry);
    schedule();
  }

  // Sends the ownerships of all shards to `peer`: later if the window is full; in on_up() if the link
  // is down.
  void tell(const std::string& peer) {
    pb::PlacementGossip gossip = begin_gossip(peer);
    // What a copy says of its shards may be too old to count as a word of this node.
    if (!comparison_) add_shards(gossip);
    send(peer, gossip);
  }

  void on_move(const std::string& role, std::uint32_t shard, const std::string& to,
               std::function<void(Result<void>)> done) {
    Entry* const entry = find(role, shard);
    if (comparison_) {
      return done(Error{ErrorCode::draining, "the node compares its data directory with others"});
    }
    if (auto may = may_move(*config_.table, *config_.transport, {role, shard}, to); !may) {
      return done(may.error());
    }
    auto begun = moves::start_move(entry->core, to, moves::first_attempt(config_.incarnation));
    if (!begun) return done(begun.error());
    entry->done = std::move(done);
    entry->cause.reset();
    entry->began_us = now();
    // The last tick may be long ago: the target's patience begins with this move.
    entry->progress = 0;
    entry->progress_us = now();
    spdlog::info("{} begins to move to {}", entry->name(), to);
    run(*entry, *begun);
    schedule();
  }

 private:
  [[nodiscard]] SteadyUs now() const { return config_.clock->steady_us(); }

  using Key = std::pair<std::string, std::uint32_t>;
  using Entry = ShardEntry;

  static constexpr DurationUs retry_us = 1'000'000;
  /// Retry interval after `backlog_full`: shorter than retry_us, because the window soon has room.
  static constexpr DurationUs stalled_retry_us = 100'000;

  void begin() {
    for (auto& [key, entry] : entries_) run(entry, moves::recover(entry.core, std::nullopt));
    on_layout();
    schedule();
  }

  void add(const pb::ShardRecord& record) {
    Entry& entry = entries_[{record.role(), record.shard()}];
    entry.shard = {record.role(), record.shard(), layout_->groups.at(record.role()).queues};
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

  // As a record that is being written, so that nothing else changes the shard meanwhile.
  void define_next(Entry& entry) {
    const Key key{entry.shard.role, entry.shard.shard};
    const PendingQueue* const next = pending_queues_.next(key);
    if (next == nullptr || comparison_ || !entry.is_at_rest()) return;
    entry.core.writing = entry.core.record;
    config_.moves->add_defined(next->queue, entry.core.record, moves::owns(entry.core),
                               resume_with([this, &entry, key] {
                                 for (const std::string& name : pending_queues_.got(key))
                                   entry.shard.queues.push_back(name);
                                 on_written(entry);
                                 define_next(entry);
                               }));
  }

  Result<void> on_step(const std::string& peer, const transport::Frame& frame) {
    pb::MoveStep step;
    if (!step.ParseFromString(frame.bytes)) {
      return Error{ErrorCode::protocol, "a step of a move that does not parse"};
    }
    if (comparison_) return {};  // sent again
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

  Result<void> on_gossip(const std::string& peer, const transport::Frame& frame) {
    pb::PlacementGossip gossip;
    if (!gossip.ParseFromString(frame.bytes)) {
      return Error{ErrorCode::protocol, "gossip about shards that does not parse"};
    }
    if (!others_.contains(peer)) return {};
    PeerWord& word = words_[peer];
    const bool is_new_round = word.round != gossip.round();
    note_layout(peer, gossip.layout());
    word.layout = gossip.layout();
    word.round = gossip.round();
    word.seen_round = gossip.seen_round();
    for (const auto& known : gossip.shard()) {
      if (Entry* const entry = find(known.role(), known.shard())) {
        word.shards[{known.role(), known.shard()}] = known.ownership();
        if (!comparison_) run(*entry, moves::learn(entry->core, known.ownership()));
      }
    }
    if (is_new_round && word.round != 0) tell(peer);
    if (gossip.question() != 0) answer(peer, gossip.question());
    if (comparison_) compare(gossip);
    judge_all();
    return {};
  }

  void note_layout(const std::string& peer, std::uint64_t digest) {
    if (config_.table->layout_of(peer) == digest) return;
    config_.table->set_layout_of(peer, digest);
    if (digest != 0 && digest != layout_->digest) log_other_layout(peer);
  }

  // --- Comparison of a copy

  void begin_comparison() {
    others_ = layout_->nodes;
    others_.erase(config_.table->self());
    comparison_.emplace().question = config_.moves->generation();
    config_.moves->recollect(resume_with([this](queues::Recollection queues) {
      OwnMemory& own = comparison_->own.emplace();
      own.self = config_.table->self();
      own.queues = std::move(queues);
      for (const auto& [key, entry] : entries_) own.shards.emplace(key, entry.core.record);
      on_layout();
      schedule();
    }));
    summarise_later();
  }

  void answer(const std::string& peer, std::uint64_t question) {
    config_.moves->recollect(resume_with([this, peer, question](queues::Recollection all) {
      std::erase_if(all.outboxes, [&](const queues::Recollection::Outbox& outbox) {
        return config_.table->owner(outbox.queue, outbox.shard) != peer;
      });
      pb::PlacementGossip gossip = begin_gossip(peer);
      gossip.set_answers(question);
      add_shards(gossip);
      moves::add(gossip, all);
      // If it is lost, the peer asks again.
      std::ignore = config_.transport->send(peer, {gossip_frame, gossip.SerializeAsString()});
    }));
  }

  void compare(const pb::PlacementGossip& gossip) {
    if (const auto outdated = moves::take(*comparison_, gossip)) config_.on_outdated(*outdated);
    end_comparison_if_complete();
  }

  void end_comparison_if_complete() {
    summarise_later();
    if (!comparison_->own || comparison_->is_outdated) return;
    if (!missing_answers(*comparison_, others_).empty()) return;
    comparison_.reset();
    spdlog::info("no other node remembers more than the data directory has: the node serves");
    config_.on_compared();
    begin();
    for (const auto& [peer, word] : words_) {
      for (const auto& [key, ownership] : word.shards) {
        Entry& entry = entries_.at(key);
        run(entry, moves::learn(entry.core, ownership));
      }
    }
    judge_all();
  }

  // --- Founding

  void judge(Entry& entry) {
    if (comparison_) return;
    const auto& homes = layout_->groups.at(entry.shard.role).homes;
    Judgement judged = moves::judge(
        entry.core, entry.shard.shard < homes.size() ? homes[entry.shard.shard] : std::string(),
        {layout_->digest, round_, others_, words_, config_.accepts_loss, given_up_});
    if (!entry.core.writing || !judged.effects.empty()) entry.wait = std::move(judged.wait);
    run(entry, judged.effects);
  }

  void judge_all() {
    for (auto& [key, entry] : entries_) judge(entry);
    summarise_later();
  }

  // Many shards change at once: one message for all of them.
  void summarise_later() {
    if (std::exchange(is_summary_due_, true)) return;
    resume_with([this] { summarise(); })();
  }

  void summarise() {
    is_summary_due_ = false;
    std::map<Wait, std::vector<ShardKey>> by_wait;
    const std::string missing = comparison_ ? missing_answers(*comparison_, others_) : "";
    for (const auto& [key, entry] : entries_) {
      const Wait wait = comparison_ ? Wait{Wait::Reason::copy, missing} : entry.wait;
      if (wait.reason != Wait::Reason::none) by_wait[wait].push_back(key);
    }
    config_.table->set_waiting(wait_log_.log(std::move(by_wait)));
    for (const std::string& node : others_) {
      if (changed_.empty() || pending_gossip_.contains(node)) continue;
      pb::PlacementGossip gossip = begin_gossip(node);
      for (const ShardKey& key : changed_) add(gossip, entries_.at(key));
      send(node, gossip);
    }
    changed_.clear();
  }

  [[nodiscard]] pb::PlacementGossip begin_gossip(const std::string& peer) const {
    pb::PlacementGossip gossip;
    gossip.mutable_from()->set_name(config_.table->self());
    // A copy promises nothing, so it has no layout.
    if (comparison_) {
      if (!comparison_->compared.contains(peer)) gossip.set_question(comparison_->question);
    } else {
      gossip.set_layout(layout_->digest);
    }
    gossip.set_round(round_);
    const auto word = words_.find(peer);
    gossip.set_seen_round(word == words_.end() ? 0 : word->second.round);
    return gossip;
  }

  void add_shards(pb::PlacementGossip& gossip) const {
    for (const auto& [key, entry] : entries_) add(gossip, entry);
  }

  static void add(pb::PlacementGossip& gossip, const Entry& entry) {
    auto& one = *gossip.add_shard();
    one.set_role(entry.shard.role);
    one.set_shard(entry.shard.shard);
    *one.mutable_ownership() = told_ownership(entry.core);
  }

  void send(const std::string& peer, const pb::PlacementGossip& gossip) {
    const auto sent = config_.transport->send(peer, {gossip_frame, gossip.SerializeAsString()});
    if (sent || sent.error().code != ErrorCode::backlog_full) return;
    pending_gossip_.insert(peer);
    schedule();
  }

  void on_tick() {
    if (comparison_) {
      for (const std::string& node : others_) {
        if (!comparison_->compared.contains(node)) pending_gossip_.insert(node);
      }
    }
    for (auto& [key, entry] : entries_) {
      if (comparison_) break;
      if (entry.is_stuck(now(), config_.rest_timeout.count() * 1'000)) {
        fail(entry, {ErrorCode::timeout, "the target took nothing more of it"});
      } else {
        run(entry, moves::retry(entry.core));
      }
      define_next(entry);
    }
    for (const std::string& peer : std::exchange(pending_gossip_, {})) tell(peer);
    schedule();
  }

  void schedule() {
    const bool is_any = std::any_of(entries_.begin(), entries_.end(),
                                    [](const auto& one) { return one.second.is_leaving(); });
    if (!is_any && pending_gossip_.empty() && pending_queues_.empty() && !comparison_) return;
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
    const bool is_target = entry.core.incoming && entry.core.incoming->committing;
    if (moves::owns(entry.core) && next.owner() != self && entry.core.record.has_offered()) {
      // The target has installed. Set the new owner first: the queues that become outboxes need it.
      config_.table->set(write.record);
      config_.moves->give_up(entry.shard, write.record, entry.core.record.offered().seal(), done);
    } else if (before.epoch() == 0 && next.epoch() > 0 && next.owner() != self &&
               config_.moves->holds(entry.shard)) {
      // What this node's producers have offered goes to the owner: the seal is at the beginning.
      config_.table->set(write.record);
      config_.moves->give_up(entry.shard, write.record, {}, done);
    } else if (!moves::owns(entry.core) && next.owner() == self && is_target) {
      config_.moves->install(entry.shard, write.record, done);
    } else if (!moves::owns(entry.core) && next.owner() == self) {
      config_.moves->found(entry.shard, write.record, done);
    } else {
      config_.moves->record(write.record, done);
    }
  }

  void on_written(Entry& entry) {
    const pb::Ownership before = entry.core.record.ownership();
    const Effects effects = moves::written(entry.core);
    const pb::Ownership& now = entry.core.record.ownership();
    config_.table->set(entry.core.record);
    const std::string owner_before = before.epoch() > 0 ? before.owner() : std::string();
    if (now.epoch() > 0 && now.owner() != owner_before) {
      const std::string& self = config_.table->self();
      spdlog::log(before.epoch() == 0 ? spdlog::level::debug : spdlog::level::info,
                  "{} is served by {}, epoch {}", entry.name(), now.owner(), now.epoch());
      // give_up, install and found have redirected the ingresses themselves. A first owner has refused
      // what was offered to it before: forwarders begin anew instead of waiting.
      if (owner_before != self && now.owner() != self) config_.moves->retarget(entry.shard);
    }
    run(entry, effects);
    changed_.insert({entry.shard.role, entry.shard.shard});
    judge(entry);
    summarise_later();
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
    log_fenced(entry.name(), entry.core.record.ownership());
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
    log_end(entry.name(), now() - entry.began_us, result);
    std::exchange(entry.done, {})(std::move(result));
  }

  Result<void> send_step(const std::string& to, const pb::MoveStep& step) {
    auto sent = config_.transport->send(to, {move_frame, step.SerializeAsString()});
    is_stalled_ = is_stalled_ || (!sent && sent.error().code == ErrorCode::backlog_full);
    return sent;
  }

  caf::event_based_actor* self_ = nullptr;
  MoveServiceConfig config_;
  std::optional<Comparison> comparison_{};  ///< set: the data directory is a copy
  std::shared_ptr<const ClusterLayout> layout_{};
  std::set<std::string> others_{};  ///< configured nodes, without this one
  std::uint64_t round_ = 0;         ///< see FoundingView
  std::map<std::string, PeerWord> words_{};
  std::set<std::string> given_up_{};
  std::set<ShardKey> changed_{};  ///< shards whose ownership the others have not been told
  bool is_summary_due_ = false;
  WaitLog wait_log_{};
  std::map<Key, Entry> entries_;  ///< never grows after the start, so references stay valid
  std::set<std::string> pending_gossip_;
  PendingQueues pending_queues_{};
  TickTimer tick_;
  bool is_stalled_ = false;  ///< a send returned `backlog_full` since the last schedule()
};

}  // namespace millrace::moves
