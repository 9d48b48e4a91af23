// QueueWorld: several queue cores over one log in memory, driven like by their actors.
//
//   decide ─▶ propose ─▶ in flight ─commit()─▶ log ─▶ apply ─▶ committed
//
// A test commits records, in log order, so decisions overlap. A crash drops the volatile state and
// the records in flight, and replays the log. Wall and steady time are numbers, equal until the wall
// clock is set. The invariants of all queues are
// checked after each change.
#pragma once

#include <deque>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/queue/decide/apply.hpp"
#include "actors/queue/decide/decide_complete.hpp"
#include "actors/queue/decide/decide_due.hpp"
#include "actors/queue/decide/decide_offer.hpp"
#include "actors/queue/decide/dispatch.hpp"
#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/queue/state/backlog.hpp"
#include "actors/queue/state/invariants.hpp"

namespace millrace::queues {

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

struct QueueSetup {
  std::string name;
  QueueNumber dead_letters = 0;
  Limits limits{};
  bool keeps_topics = false;
};

/// A checkpoint of every queue of a world.
struct Checkpoint {
  std::size_t log_size = 0;  ///< records that it contains
  std::map<QueueNumber, std::vector<std::string>> parts;
};

class QueueWorld {
 public:
  using Queues = std::map<QueueNumber, std::unique_ptr<State>>;
  using OnCommit = std::function<void()>;

  explicit QueueWorld(std::map<QueueNumber, QueueSetup> setups);

  [[nodiscard]] State& queue(QueueNumber number) { return *queues_.at(number); }
  [[nodiscard]] const Queues& queues() const { return queues_; }
  [[nodiscard]] TimeUs now() const { return steady_us_ + ahead_us_; }
  [[nodiscard]] SteadyUs steady() const { return steady_us_; }
  [[nodiscard]] Now time() const { return {now(), steady()}; }
  void advance(DurationUs by_us) { steady_us_ += by_us; }
  /// Sets the wall clock forwards, or back if `by_us` is negative.
  void step(DurationUs by_us) { ahead_us_ += by_us; }
  /// Looks at the clock, as the actor does before it decides about producers and on ticks.
  void look(QueueNumber number);
  /// Sets the limits of a queue, now and after each restart.
  void set_limits(QueueNumber number, const Limits& limits) {
    setups_.at(number).limits = limits;
    queue(number).limits = limits;
  }

  // Decide and propose, as the actor does. `on_commit` runs after the record is committed.
  AttachDecision attach(QueueNumber number, const AttachRequest& request, OnCommit on_commit = {});
  OfferDecision offer(QueueNumber number, const Offer& offer, Room room = {},
                      OnCommit on_commit = {});
  CompleteDecision complete(QueueNumber number, Complete complete, OnCommit on_commit = {});
  /// Proposes a decision. Returns its record, or null.
  std::shared_ptr<const pb::Record> send(QueueNumber number, Decision decision,
                                         OnCommit on_commit = {});

  void demand(QueueNumber number, ReceiverId receiver, std::uint32_t messages);
  /// Dispatches, reads the bodies that are needed, and gives up messages, until neither is left to
  /// do.
  std::vector<Grant> dispatch(QueueNumber number);
  /// Caches the bodies that the queue wants. Returns false when it wants none.
  bool load_bodies(QueueNumber number, std::size_t max = 8);
  /// Reads a body from the log. REQUIRES: its segment is not released.
  [[nodiscard]] Body read_body(QueueNumber number, logs::Place place, std::uint32_t index) const;

  /// The segment of the next record.
  [[nodiscard]] logs::SegmentNumber segment() const {
    return logs::segment_of(place_of(log_.size()));
  }
  /// Releases the segments before the first with a live message.
  void release();
  [[nodiscard]] bool is_released(logs::Place place) const {
    return logs::segment_of(place) < first_segment_;
  }

  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  void commit(std::size_t count = all);

  /// Appends a record that no queue decided, and applies it.
  void append(pb::Record record);

  [[nodiscard]] Checkpoint checkpoint() const;
  [[nodiscard]] Queues replayed(const Checkpoint* from = nullptr) const;
  void crash(const Checkpoint* from = nullptr);

  [[nodiscard]] const std::vector<std::shared_ptr<const pb::Record>>& log() const { return log_; }

  /// Called after each change that was applied live, before the `on_commit` of its record.
  std::function<void(const pb::Record&, const pb::Change&)> on_apply;

  /// Called for each message that dispatch() gives up, before that is proposed; the result runs
  /// after the commit.
  std::function<OnCommit(QueueNumber, LeaseId, Sequence)> on_give_up;

 private:
  static logs::Place place_of(std::size_t index) {
    const auto number = static_cast<std::uint32_t>(index);
    return logs::make_place(1 + number / 16, number);
  }

  struct InFlight {
    QueueNumber queue = 0;
    std::string bytes;
    Pending pending;
    OnCommit on_commit;
  };

  /// Reports a violated invariant of any queue to GoogleTest; large queues are not checked each time.
  void expect_intact();
  void note_applied() const;
  [[nodiscard]] Queues fresh() const;
  void apply_to(Queues& queues, std::size_t index) const;

  std::map<QueueNumber, QueueSetup> setups_;
  Queues queues_;
  std::map<QueueNumber, InvariantMonitor> monitors_;
  std::vector<std::shared_ptr<const pb::Record>> log_;
  std::deque<InFlight> in_flight_;
  logs::SegmentNumber first_segment_ = 1;
  std::map<QueueNumber, Now> seen_;  ///< the clock at the last look() of the queue
  SteadyUs steady_us_ = 1'700'000'000'000'000;
  DurationUs ahead_us_ = 0;  ///< of the wall clock
};

/// The durable state of a queue as sorted text. Two queues are equal when their texts are. Without
/// places, the text of a moved queue equals that of its source.
[[nodiscard]] std::string durable_text(const State& state, bool with_places = true);

}  // namespace millrace::queues
