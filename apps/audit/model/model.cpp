#include "apps/audit/model/model.hpp"

#include <algorithm>
#include <set>

namespace millrace::audit {
namespace {

std::string brief(std::string_view name) {
  return std::string(name.substr(0, 60));
}

}  // namespace

std::string Queue::title() const {
  return "queue " + declaration.name() + ", shard " + std::to_string(declaration.shard());
}

Identity identity_of(const pb::Envelope& envelope) {
  const Identity payload = offer_id(envelope.payload(), envelope.redriven());
  const Identity key = offer_id(envelope.key(), payload.low);
  return {envelope.id_high() ^ key.high ^ payload.high, envelope.id_low() ^ key.low};
}

/// Applies one record.
class Applier {
 public:
  Applier(Model& model, std::uint64_t lsn, std::uint64_t place, Report& report,
          const Complain& complain)
      : model_(model), lsn_(lsn), place_(place), report_(report), complain_(complain) {}

  void run(const pb::Record& record) {
    for (const pb::Declaration& declaration : record.declare()) declare(declaration);
    if (record.generation() != 0) begin_generation(record.generation());
    std::set<std::uint32_t> changed;
    for (const pb::Change& change : record.change()) {
      const auto found = model_.queues_.find(change.queue());
      if (found == model_.queues_.end()) {
        complain_(About::records, "it changes queue number " + std::to_string(change.queue()) +
                                      ", which was never declared");
      } else if (!changed.insert(change.queue()).second) {
        complain_(About::records, "it changes " + found->second.title() + " twice");
      } else {
        apply(record, change, found->second);
      }
    }
    for (const pb::ShardRecord& shard : record.shard()) apply(shard);
    for (const std::uint32_t number : record.retire()) model_.queues_.erase(number);
  }

 private:
  void declare(const pb::Declaration& declaration) {
    const auto [at, is_new] = model_.queues_.try_emplace(declaration.number());
    pb::Declaration& known = at->second.declaration;
    if (is_new) {
      known = declaration;
      if (declaration.number() == 0) complain_(About::records, "it declares queue number 0");
      return;
    }
    if (known.name() != declaration.name() || known.shard() != declaration.shard()) {
      complain_(About::records, "it declares number " + std::to_string(declaration.number()) +
                                    " of " + at->second.title() + " for " + declaration.name());
    }
    known.set_dead_letters(declaration.dead_letters());
    known.set_staged(declaration.staged());
    known.set_topics(declaration.topics());
    if (declaration.began_anew()) known.set_began_anew(true);
  }

  void begin_generation(std::uint64_t id) {
    for (auto& [number, queue] : model_.queues_) {
      if (!queue.is_outbox()) continue;
      if (!queue.generations.empty() && queue.generations.back().id() == id) continue;
      queue.generations.emplace_back().set_id(id);
      queue.generations.back().set_after(queue.last);
    }
  }

  void apply(const pb::Record& record, const pb::Change& change, Queue& queue) {
    apply_producers(change, queue);
    apply_appends(change, queue);
    if (queue.declaration.topics()) {
      apply_topics(change, queue.declaration.name(), queue.title(), queue.last, queue.topics,
                   complain_);
    } else if (change.topic_size() > 0) {
      complain_(About::records, queue.title() + ": a topic of a queue that keeps none");
    }
    remove(change.ack(), queue, queue.counts.acked, "acked");
    apply_failures(change, queue);
    apply_deaths(record, change, queue);
    apply_states(change, queue);
    apply_timers(change, queue);
    apply_pauses(change, queue);
    for (int i = 0; i < change.relocation_size(); ++i) {
      const auto found = queue.queued.find(change.relocation(i).sequence());
      if (found == queue.queued.end()) continue;  // acked while it was relocated
      found->second.place = place_;
      found->second.index = static_cast<std::uint32_t>(i) | relocated_bit;
    }
    remove(change.drop(), queue, queue.counts.dropped, "dropped");
    for (const std::string& producer : change.forget_producer()) queue.producers.erase(producer);
    if (change.has_install()) install(change.install(), queue);
    if (change.has_become_outbox()) become_outbox(change.become_outbox(), queue);
  }

  void apply_producers(const pb::Change& change, Queue& queue) {
    for (const pb::Attach& attach : change.attach()) {
      const auto [at, is_new] = queue.producers.try_emplace(attach.producer());
      Producer& producer = at->second;
      if (is_new || attach.rebase()) producer.last = attach.base();
      if (attach.epoch() < producer.epoch) {
        complain_(About::producers, of(queue, attach.producer()) + ": epoch " +
                                        std::to_string(attach.epoch()) + " after epoch " +
                                        std::to_string(producer.epoch));
      }
      producer.epoch = std::max(producer.epoch, attach.epoch());
    }
    std::uint64_t messages = 0;
    for (const pb::Produced& produced : change.produced()) {
      report_.count(About::producers, produced.count());
      Producer& producer = queue.producers[produced.producer()];
      if (produced.first() != producer.last + 1) {
        complain_(About::producers, of(queue, produced.producer()) + ": expected number " +
                                        std::to_string(producer.last + 1) + ", it settles " +
                                        std::to_string(produced.first()));
      }
      if (produced.epoch() != producer.epoch) {
        complain_(About::producers, of(queue, produced.producer()) + ": an offer of epoch " +
                                        std::to_string(produced.epoch()) + " in epoch " +
                                        std::to_string(producer.epoch));
      }
      producer = {produced.epoch(), produced.first() + produced.count() - 1};
      queue.counts.duplicates += static_cast<std::uint64_t>(produced.duplicate_size());
      number(change, produced, messages, queue);
    }
    if (change.produced_size() == 0) return;
    if (messages != static_cast<std::uint64_t>(change.append_size())) {
      complain_(About::producers,
                queue.title() + ": the offers are " + std::to_string(messages) + " messages, " +
                    std::to_string(static_cast<std::uint64_t>(change.append_size())) +
                    " are appended");
    }
  }

  // Steps over the messages of `produced` in change.append; notes which number each has.
  void number(const pb::Change& change, const pb::Produced& produced, std::uint64_t& next,
              Queue& queue) const {
    const std::set<std::uint64_t> duplicates(produced.duplicate().begin(),
                                             produced.duplicate().end());
    Numbered* const taken = model_.keep_numbers_ ? &queue.taken[produced.producer()] : nullptr;
    for (std::uint64_t i = produced.first(); i < produced.first() + produced.count(); ++i) {
      if (duplicates.contains(i)) continue;
      if (taken != nullptr && next < static_cast<std::uint64_t>(change.append_size())) {
        taken->emplace_back(i, identity_of(change.append(static_cast<int>(next))));
      }
      ++next;
    }
  }

  void apply_appends(const pb::Change& change, Queue& queue) {
    report_.count(About::messages, static_cast<std::uint64_t>(change.append_size()));
    for (int i = 0; i < change.append_size(); ++i) {
      const pb::Envelope& envelope = change.append(i);
      const Identity identity = identity_of(envelope);
      queue.queued.emplace_hint(
          queue.queued.end(), ++queue.last,
          Queued{place_, static_cast<std::uint32_t>(i),
                 static_cast<std::uint32_t>(envelope.payload().size() + envelope.key().size())});
      ++queue.counts.offered;
      queue.appended.emplace_back(identity, lsn_);
      if (model_.keep_numbers_ && queue.is_outbox()) queue.sent.emplace_back(queue.last, identity);
    }
  }

  template <class Numbers>
  void remove(const Numbers& numbers, Queue& queue, std::uint64_t& count, const char* what) {
    for (const std::uint64_t sequence : numbers) {
      if (queue.queued.erase(sequence) == 1) {
        ++count;
      } else {
        complain_(
            About::messages,
            queue.title() + ": message " + std::to_string(sequence) + " is " + what +
                (sequence > queue.last ? ", and was never appended" : ", and was removed before"));
      }
    }
  }

  void apply_failures(const pb::Change& change, Queue& queue) {
    for (const pb::Failure& failure : change.failure()) {
      report_.count(About::states);
      const auto found = queue.queued.find(failure.sequence());
      if (found == queue.queued.end()) {
        complain_(About::states, queue.title() + ": message " + std::to_string(failure.sequence()) +
                                     " failed, and is not queued");
        continue;
      }
      if (failure.failed() < found->second.failed) {
        complain_(About::states, queue.title() + ": message " + std::to_string(failure.sequence()) +
                                     " failed " + std::to_string(failure.failed()) +
                                     " times after " + std::to_string(found->second.failed));
      }
      found->second.failed = failure.failed();
      found->second.acquired = failure.acquired();
      ++queue.counts.redelivered;
    }
  }

  void apply_deaths(const pb::Record& record, const pb::Change& change, Queue& queue) {
    for (const pb::Death& death : change.death()) {
      const std::uint64_t sequence = death.sequence();
      if (queue.queued.erase(sequence) == 1) {
        ++queue.counts.dead;
      } else {
        complain_(About::messages, queue.title() + ": message " + std::to_string(sequence) +
                                       " is given up, and was not queued");
      }
      if (!has_dead_letter(record, queue, sequence)) {
        complain_(About::messages, queue.title() + ": message " + std::to_string(sequence) +
                                       " is given up without a dead letter");
      }
    }
  }

  static bool has_dead_letter(const pb::Record& record, const Queue& queue,
                              std::uint64_t sequence) {
    for (const pb::Change& change : record.change()) {
      for (const pb::Envelope& envelope : change.append()) {
        if (envelope.dead_letter().origin_sequence() == sequence &&
            envelope.dead_letter().origin_queue() == queue.declaration.name()) {
          return true;
        }
      }
    }
    return false;
  }

  void apply_states(const pb::Change& change, Queue& queue) {
    for (const pb::StateChange& next : change.state()) {
      report_.count(About::states);
      KeyState& state = queue.keys[next.key()];
      state.lsn = lsn_;
      queue.gone_keys.erase(next.key());
      if (next.has_value()) state.value = next.value();
      if (next.has_erase()) state.value.reset();
      for (const pb::HistoryEntry& entry : next.history()) {
        const auto& acks = change.ack();
        if (std::find(acks.begin(), acks.end(), entry.input()) == acks.end()) {
          complain_(About::states, queue.title() + ", key " + brief(next.key()) +
                                       ": history of message " + std::to_string(entry.input()) +
                                       ", which this record does not ack");
        }
        state.history.push_back(entry);
      }
      if (!state.value && state.history.empty()) remove_key(queue, next.key());
    }
    for (const pb::KeyForgotten& forgotten : change.forget_key()) {
      report_.count(About::states);
      KeyState& state = queue.keys[forgotten.key()];
      state.lsn = lsn_;
      state.history.clear();
      if (!forgotten.history_only()) state.value.reset();
      if (!state.value) remove_key(queue, forgotten.key());
    }
  }

  void apply_pauses(const pb::Change& change, Queue& queue) {
    for (const pb::PauseChange& one : change.pause()) {
      if (one.what_case() == pb::PauseChange::kPause) {
        queue.paused.insert(one.key());
      } else if (one.resume()) {
        queue.paused.erase(one.key());
      } else {
        complain_(About::records, queue.title() + ": a pause that neither begins nor ends");
      }
    }
    if (change.has_breaker()) queue.breaker_open_since_us = change.breaker().open_since_us();
  }

  void remove_key(Queue& queue, const std::string& key) {
    queue.keys.erase(key);
    queue.gone_keys[key] = lsn_;
  }

  void apply_timers(const pb::Change& change, Queue& queue) {
    for (const pb::TimerRef& timer : change.timer_clear()) {
      queue.timers.erase({timer.key(), timer.name()});
    }
    for (const pb::TimerSet& timer : change.timer_set()) {
      report_.count(About::states);
      if (timer.due_us() <= 0 || !timer.has_envelope()) {
        complain_(About::states, queue.title() + ", key " + brief(timer.key()) + ": timer " +
                                     timer.name() + " has no date or no message");
      }
      queue.timers[{timer.key(), timer.name()}] = timer.due_us();
    }
  }

  void install(const pb::Install& install, Queue& queue) {
    if (!queue.declaration.staged()) {
      complain_(About::ownership, queue.title() + ": a part of a move for a queue that is served");
    }
    pb::SnapshotPart part;
    if (!part.ParseFromString(install.part())) {
      return complain_(About::records, queue.title() + ": a part of a move does not parse");
    }
    load_part(queue, part, std::pair(place_, installed_bit), complain_);
    for (const pb::KeyedStates::Key& key : part.keyed().key()) queue.keys[key.key()].lsn = lsn_;
  }

  void become_outbox(const pb::BecomeOutbox& become, Queue& queue) {
    if (queue.is_outbox()) {
      complain_(About::ownership, queue.title() + " becomes an outbox, which it is");
    }
    queue.queued.erase(queue.queued.begin(), queue.queued.upper_bound(become.up_to()));
    const std::uint64_t duplicates = queue.counts.duplicates;
    queue.counts = Counts{.offered = queue.queued.size(),
                          .duplicates = duplicates - std::min(duplicates, become.duplicates())};
    queue.keys.clear();
    queue.topics.clear();
    queue.paused.clear();
    queue.breaker_open_since_us = 0;
    queue.timers.clear();
    queue.appended.clear();
    queue.taken.clear();
    queue.sent.clear();
    queue.declaration = become.as();
    queue.generations.clear();
    if (become.generation() == 0) return;
    queue.generations.emplace_back().set_id(become.generation());
    queue.generations.back().set_after(become.up_to());
  }

  void apply(const pb::ShardRecord& shard) {
    report_.count(About::ownership);
    pb::ShardRecord& known = model_.shards_[{shard.role(), shard.shard()}];
    const std::string title = "shard " + std::to_string(shard.shard()) +
                              (shard.role().empty() ? "" : " of role " + shard.role());
    if (shard.ownership().epoch() < known.ownership().epoch()) {
      complain_(About::ownership, title + ": epoch " + std::to_string(shard.ownership().epoch()) +
                                      " after epoch " + std::to_string(known.ownership().epoch()));
    } else if (shard.ownership().epoch() == known.ownership().epoch() &&
               known.ownership().epoch() != 0 && !known.ownership().owner().empty() &&
               shard.ownership().owner() != known.ownership().owner()) {
      complain_(About::ownership, title + " belongs to " + shard.ownership().owner() + " and " +
                                      known.ownership().owner() + " in epoch " +
                                      std::to_string(known.ownership().epoch()));
    }
    known = shard;
  }

  static std::string of(const Queue& queue, const std::string& producer) {
    return queue.title() + ", producer " + brief(producer);
  }

  Model& model_;
  const std::uint64_t lsn_;
  const std::uint64_t place_;
  Report& report_;
  const Complain& complain_;
};

void Model::apply(std::uint64_t lsn, std::uint64_t place, std::string_view body, Report& report,
                  const Complain& complain) {
  pb::Record record;
  if (!record.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return complain(About::records, "the frame is whole, but holds no record");
  }
  Applier(*this, lsn, place, report, complain).run(record);
}

}  // namespace millrace::audit
