// TopicDesk: answers what clients ask of the topics of a queue. Part of the queue's shell; runs on its thread.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <caf/actor.hpp>

#include "actors/base/clock.hpp"
#include "actors/queue/shell/queue_handle.hpp"
#include "actors/queue/shell/topic_messages.hpp"

namespace millrace::queues {

class TopicDesk {
 public:
  using Propose = std::function<void(Decision)>;

  /// `state` and `queue` outlive the desk. `reader` answers ReadMessage; invalid: all bodies are in memory.
  TopicDesk(State& state, caf::actor reader, QueueHandle::pointer queue, Propose propose)
      : state_(state), reader_(std::move(reader)), queue_(queue), propose_(std::move(propose)) {}

  void take(TopicCommand& command, Room room, TimeUs now_us);

  /// Answers who waits for a record of this queue that was just applied.
  void committed(const Pending& pending);

  /// Records were applied: tells those who watch.
  void changed();

  /// The bodies of a read have come.
  void on_bodies(const std::vector<std::pair<Sequence, Body>>& bodies);

  /// Lets go what nobody needs, if it is time to look.
  void look(Now now);

  /// When look() is to be called; nullopt: there are no topics.
  [[nodiscard]] std::optional<SteadyUs> look_due() const;

  /// The queue is quiesced: ends what reads and watches; records in flight are still answered.
  void pause();

  /// The queue ends here: answers all who wait.
  void end();

 private:
  struct Waiting {
    std::optional<ProposedBatch> batch{};
    std::vector<TopicReply<TopicAppended>> appended{};
    TopicReply<void> done{};
    std::string removed{};  ///< a topic whose removal this is a part of
    bool is_trim = false;
  };
  struct Reading {
    ReadTopicCommand command{};
    std::vector<TopicPiece> pieces{};
    int reads = 0;  ///< of the log
  };

  void handle(AppendCommand& command, Room room, TimeUs now_us);
  void handle(MakeTopicCommand& command, Room room, TimeUs now_us);
  void handle(RemoveTopicCommand& command, Room room, TimeUs now_us);
  void handle(JoinGroupCommand& command, Room room, TimeUs now_us);
  void handle(LeaveGroupCommand& command, Room room, TimeUs now_us);
  void handle(CommitOffsetCommand& command, Room room, TimeUs now_us);
  void handle(ReadTopicCommand& command, Room room, TimeUs now_us);
  void handle(WatchTopicCommand& command, Room room, TimeUs now_us);
  void handle(FindTimeCommand& command, Room room, TimeUs now_us);
  void handle(DescribeTopicsCommand& command, Room room, TimeUs now_us);

  void log(Decision decision, Waiting waiting);
  void log(TopicDecision decision, TopicReply<void>& reply);
  [[nodiscard]] Result<const Topic*> find(const std::string& name) const;
  [[nodiscard]] bool is_due(const TopicWatch& watch) const;
  [[nodiscard]] TopicRead read_of(const Topic& topic) const;
  void go_on_removing();
  void end_removal(const std::string& topic, const Result<void>& result);
  void request_bodies();
  /// Answers, unless bodies lie elsewhere now: then it is read again.
  void finish_read(Reading reading);

  State& state_;  ///< changes Volatile::removing_topics only
  const caf::actor reader_;
  const QueueHandle::pointer queue_;
  const Propose propose_;
  std::map<std::uint64_t, Waiting>
      waiting_{};  ///< for records in flight, by Pending::topic_request
  std::uint64_t request_last_ = 0;
  static constexpr std::size_t watches_checked_min = 64;
  std::vector<std::shared_ptr<TopicWatch>> watches_{};
  std::size_t watches_checked_at_ =
      watches_checked_min;          ///< size at which cancelled ones are dropped
  std::deque<Reading> readings_{};  ///< that need bodies from the log; the first one is being read
  std::map<std::string, TopicReply<void>>
      removals_{};            ///< that wait for batches in flight, or go on
  bool is_trimming_ = false;  ///< a record that lets go is in flight
  SteadyUs looked_us_ = 0;    ///< the last look
  SteadyUs look_us_ = 0;      ///< the next one
};

}  // namespace millrace::queues
