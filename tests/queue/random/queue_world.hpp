// QueueWorld: several queue cores over one log in memory, driven as their shell drives them.
//
//   decide ─▶ propose ─▶ on the way ─commit()─▶ log ─▶ apply ─▶ committed
//
// Commits happen when a test says so, in log order, so that decisions overlap. A crash throws away
// what is volatile and what is on the way, and replays the log. Time is a number.
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

namespace millrace::queues {

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

struct QueueSetup {
  std::string name;
  QueueNumber dead_letters = 0;
  Limits limits{};
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
  [[nodiscard]] TimeUs now() const { return now_us_; }
  void advance(DurationUs by_us) { now_us_ += by_us; }

  // As the shell does: decide, and send what was decided on its way. `on_commit` runs when it
  // arrives.
  AttachDecision attach(QueueNumber number, const AttachRequest& request, OnCommit on_commit = {});
  OfferDecision offer(QueueNumber number, const Offer& offer, Room room = {},
                      OnCommit on_commit = {});
  CompleteDecision complete(QueueNumber number, Complete complete, OnCommit on_commit = {});
  /// Returns the record, or null.
  std::shared_ptr<const pb::Record> send(QueueNumber number, Decision decision,
                                         OnCommit on_commit = {});

  void demand(QueueNumber number, ReceiverId receiver, std::uint32_t messages);
  /// Dispatches; reads bodies and gives up what must be, until neither is left.
  std::vector<Grant> dispatch(QueueNumber number);
  /// Puts the bodies that the queue wants into its cache; false when it wants none.
  bool load_bodies(QueueNumber number, std::size_t max = 8);
  /// The body of a message as the log holds it. Its segment must not be released.
  [[nodiscard]] Body read_body(QueueNumber number, journal::Place place, std::uint32_t index) const;

  /// The segment into which the next record goes.
  [[nodiscard]] journal::SegmentNumber segment() const {
    return journal::segment_of(place_of(log_.size()));
  }
  /// Gives up the segments in which no message lives any more: bodies are not read from there.
  void release();
  [[nodiscard]] bool is_released(journal::Place place) const {
    return journal::segment_of(place) < first_segment_;
  }

  [[nodiscard]] std::size_t on_the_way() const { return on_the_way_.size(); }
  void commit(std::size_t count = all);

  /// Appends a record to the log that no queue decided, and applies it.
  void append(pb::Record record);

  [[nodiscard]] Checkpoint checkpoint() const;
  [[nodiscard]] Queues replayed(const Checkpoint* from = nullptr) const;
  void crash(const Checkpoint* from = nullptr);

  [[nodiscard]] const std::vector<std::shared_ptr<const pb::Record>>& log() const { return log_; }

  /// Called for each message that dispatch() gives up, before that is on its way; what it returns
  /// runs when that arrives.
  std::function<OnCommit(QueueNumber, LeaseId, Sequence)> on_give_up;

 private:
  static journal::Place place_of(std::size_t index) {
    const auto number = static_cast<std::uint32_t>(index);
    return journal::make_place(1 + number / 16, number);
  }

  struct OnTheWay {
    QueueNumber queue = 0;
    std::string bytes;
    Pending pending;
    OnCommit on_commit;
  };

  [[nodiscard]] Queues fresh() const;
  void apply_to(Queues& queues, std::size_t index) const;

  std::map<QueueNumber, QueueSetup> setups_;
  Queues queues_;
  std::vector<std::shared_ptr<const pb::Record>> log_;
  std::deque<OnTheWay> on_the_way_;
  journal::SegmentNumber first_segment_ = 1;
  TimeUs now_us_ = 1'700'000'000'000'000;
};

/// The durable state of a queue as text, sorted, without what may differ between runs: the numbers
/// of leases, and, of a copy, where its messages lie. Two queues are equal when their texts are.
[[nodiscard]] std::string durable_text(const State& state, bool with_places = true);

/// Why `state` contradicts itself; empty when it does not.
[[nodiscard]] std::string contradictions(const State& state);

}  // namespace millrace::queues
