#include "actors/queue/move/target.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "actors/base/assert.hpp"
#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/queue/snapshot/snapshot_columns.hpp"
#include "actors/queue/snapshot/topic_snapshot.hpp"
#include "actors/queue/state/body.hpp"

namespace millrace::queues {
namespace {

// Limit of last - first number. The index takes memory for every 256 numbers between them.
constexpr std::uint64_t numbers_max = 1ull << 32;

// Commands that were in flight together may go over the limit of one queue.
constexpr std::size_t paused_max = 4 * paused_keys_max;

class InstallCheck {
 public:
  InstallCheck(const State& state, const pb::Install& install) : state_(state), install_(install) {}

  Result<void> run() const {
    if (!state_.declaration || !state_.declaration->staged()) {
      return Error{ErrorCode::invalid_argument,
                   state_.name + " is not staged: nothing can be installed in it"};
    }
    pb::SnapshotPart part;
    if (!part.ParseFromString(install_.part()))
      return corrupt("bytes that are not a snapshot part");
    if (!part.has_messages() && install_.body_size() > 0)
      return corrupt("messages without columns");
    switch (part.part_case()) {
      case pb::SnapshotPart::kHead:
        return check(part.head());
      case pb::SnapshotPart::kMessages:
        return check(part.messages());
      case pb::SnapshotPart::kKeyed:
        return check(part.keyed());
      case pb::SnapshotPart::kProducers:
        return check(part.producers());
      case pb::SnapshotPart::kTopic:
        return check_topic(state_, part.topic());
      default:
        return corrupt("no content of a queue");
    }
  }

 private:
  [[nodiscard]] Error corrupt(const std::string& what) const {
    return {ErrorCode::corrupt, "the part for " + state_.name + " has " + what};
  }

  [[nodiscard]] Result<void> check(const pb::QueueHead& head) const {
    const Durable& durable = state_.durable;
    if (durable.last > 0 || !durable.keyed.keys().empty() || !durable.dedup.producers().empty()) {
      return corrupt("a head that is not the first part");
    }
    const std::uint64_t done = head.acked() + head.dead() + head.dropped();
    const bool balances = head.acked() <= head.offered() && head.dead() <= head.offered() &&
                          head.dropped() <= head.offered() && done <= head.offered() &&
                          head.offered() - done <= head.last();
    if (!balances) return corrupt("a ledger that does not balance");
    if (!is_time(head.at_us())) return corrupt("a head with an invalid time");
    if (head.pause_size() > static_cast<int>(paused_max)) return corrupt("too many pauses");
    for (const pb::PauseChange& one : head.pause()) {
      const pb::Pause& pause = one.pause();
      if (!one.has_pause() || !is_time(pause.since_us()) || !is_time(pause.until_us()) ||
          !is_time(pause.for_us())) {
        return corrupt("a pause with an invalid time");
      }
    }
    if (!is_time(head.breaker().open_since_us())) return corrupt("a breaker with an invalid time");
    return {};
  }

  [[nodiscard]] Result<void> check(const pb::MessageColumns& columns) const {
    if (columns.flags_size() != install_.body_size()) {
      return corrupt(std::to_string(install_.body_size()) + " bodies of " +
                     std::to_string(columns.flags_size()) + " messages");
    }
    Sequence first = 0;
    state_.durable.index.visit_from(0, [&first](Sequence sequence, const Entry&) {
      first = sequence;
      return false;
    });
    return for_each_message(state_, columns, [&](int i, const ColumnMessage& message) {
      if (first == 0) first = message.sequence;
      return check(message, install_.body(i), first);
    });
  }

  [[nodiscard]] Result<void> check(const ColumnMessage& message, const pb::Envelope& body,
                                   Sequence first) const {
    const auto fails = [&](const char* what) {
      return corrupt(what + (" of message " + std::to_string(message.sequence)));
    };
    if (message.sequence - first > numbers_max) return fails("too large a gap before the number");
    if (message.bytes != bytes_of(body)) return fails("a wrong size");
    if (message.priority != priority_of(body)) return fails("a wrong priority");
    const bool has_key = !body.key().empty();
    // The messages of topics have one order, whatever their keys.
    if (!state_.keeps_topics() && has_key != message.key_hash.has_value())
      return fails("a key in only one of column and body");
    if (has_key && message.key_hash && *message.key_hash != hash_key(body.key()))
      return fails("a wrong key hash");
    if (message.extra == nullptr) return {};
    if (message.extra->failed() > UINT16_MAX || message.extra->acquired() > UINT16_MAX) {
      return fails("a count above 65,535");
    }
    if (!is_time(message.extra->not_before_us()) || !is_time(message.extra->expires_at_us()) ||
        !is_time(message.extra->delay_us())) {
      return fails("an invalid time");
    }
    return {};
  }

  [[nodiscard]] Result<void> check(const pb::KeyedStates& keyed) const {
    std::set<std::string> keys;
    for (const pb::KeyedStates::Key& key : keyed.key()) {
      if (!KeyedStore::is_history(key.history())) return corrupt("an invalid history");
      if (!is_time(key.age_us())) return corrupt("a key with an invalid age");
      if (key.continues()) {
        if (key.next_case() != pb::KeyedStates::Key::NEXT_NOT_SET) return corrupt("a value twice");
        continue;
      }
      // A second state would replace the first, and leave the timers of the first without a key.
      if (state_.durable.keyed.find(key.key()) != nullptr || !keys.insert(key.key()).second) {
        return corrupt("the state of a key twice");
      }
    }
    for (const pb::TimerSet& timer : keyed.timer()) {
      if (!is_time(timer.due_us()) || !is_time(timer.after_us()))
        return corrupt("a timer with an invalid time");
    }
    return {};
  }

  [[nodiscard]] Result<void> check(const pb::Producers& producers) const {
    for (const pb::Producers::IdempotencyKey& key : producers.idempotency_key()) {
      if (!is_time(key.at_us())) return corrupt("an idempotency key with an invalid time");
    }
    return {};
  }

  const State& state_;
  const pb::Install& install_;
};

}  // namespace

Result<void> check_install(const State& state, const pb::Install& install) {
  return InstallCheck(state, install).run();
}

void apply_install(State& state, const CommittedRecord& committed, const pb::Install& install) {
  pb::SnapshotPart part;
  MILLRACE_ASSERT(part.ParseFromString(install.part()));
  const auto add = [&](int i, const ColumnMessage& message) -> Result<void> {
    Entry& entry = add_message(state, message);
    entry.place = committed.place;
    entry.index = static_cast<std::uint32_t>(i) | installed_bit;
    cache_body(state, message.sequence, committed, install.body(i), install.body_size());
    enqueue(state, message.sequence, entry, message.key_hash);
    return {};
  };
  const Result<void> added = part.has_messages() ? for_each_message(state, part.messages(), add)
                                                 : read_snapshot(state, part, committed.lsn);
  MILLRACE_ASSERT(added.has_value());
}

void shift_times(pb::SnapshotPart& part, DurationUs by_us) {
  const auto shifted = [by_us](TimeUs at_us) {
    return is_time(at_us) && at_us > 0 ? std::clamp<TimeUs>(at_us + by_us, 1, time_max_us) : at_us;
  };
  switch (part.part_case()) {
    case pb::SnapshotPart::kHead:
      part.mutable_head()->set_at_us(shifted(part.head().at_us()));
      for (pb::PauseChange& one : *part.mutable_head()->mutable_pause()) {
        pb::Pause& pause = *one.mutable_pause();
        pause.set_since_us(shifted(pause.since_us()));
        if (pause.for_us() > 0) pause.set_until_us(shifted(pause.until_us()));
      }
      return;
    case pb::SnapshotPart::kMessages:
      for (auto& extra : *part.mutable_messages()->mutable_extra()) {
        extra.set_not_before_us(shifted(extra.not_before_us()));
        extra.set_first_failed_at_us(shifted(extra.first_failed_at_us()));
        extra.set_last_failed_at_us(shifted(extra.last_failed_at_us()));
      }
      return;
    case pb::SnapshotPart::kKeyed:
      for (auto& timer : *part.mutable_keyed()->mutable_timer()) {
        timer.set_due_us(shifted(timer.due_us()));
      }
      return;
    case pb::SnapshotPart::kProducers:
      for (auto& one : *part.mutable_producers()->mutable_producer()) {
        one.set_active_at_us(shifted(one.active_at_us()));
      }
      for (auto& key : *part.mutable_producers()->mutable_idempotency_key()) {
        key.set_at_us(shifted(key.at_us()));
      }
      return;
    default:
      return;
  }
}

}  // namespace millrace::queues
