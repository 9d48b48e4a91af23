// Promise: clients of a topic are answered once, when what they asked for is durable, or told why not; also when
// the queue is quiesced, ends, or lets go what they read.
#include <optional>

#include "actors/queue/shell/topic_messages.hpp"
#include "tests/queue/lone_queue_actor.hpp"

namespace millrace::queues {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// The answer to one command.
template <class T>
struct TopicAnswer {
  std::optional<Result<T>> got{};
  int times = 0;

  static std::pair<std::shared_ptr<TopicAnswer>, TopicReply<T>> make() {
    auto answer = std::make_shared<TopicAnswer>();
    return {answer, TopicReply<T>([answer](Result<T> result) {
              answer->got.emplace(std::move(result));
              ++answer->times;
            })};
  }
  [[nodiscard]] ErrorCode code() const { return got && !*got ? got->error().code : ErrorCode{}; }
};

class TopicActor : public QueueActor {
 protected:
  TopicActor() { restart({}); }

  void restart(Limits limits) {
    end();
    begin(limits, {});
  }
  void begin(Limits limits, caf::actor reader) {
    pb::Declaration declared = declaration();
    declared.set_topics(true);
    start(limits, declared, std::move(reader));
    make("t");
  }
  void tell(TopicCommand command) {
    caf::anon_send(queue_, TopicMessage{std::make_shared<TopicCommand>(std::move(command))});
  }
  void make(const std::string& name) {
    auto [answer, reply] = TopicAnswer<void>::make();
    pb::TopicOptions options;
    options.set_retention_us(3'600'000'000);
    tell(MakeTopicCommand{name, options, false, std::move(reply)});
    settle();
    EXPECT_TRUE(answer->got && *answer->got);
  }
  std::shared_ptr<TopicAnswer<TopicAppended>> append(BatchNumber number = {},
                                                     std::uint32_t records = 2,
                                                     const std::string& topic = "t",
                                                     std::size_t bytes = 10) {
    auto [answer, reply] = TopicAnswer<TopicAppended>::make();
    AppendCommand command;
    command.offer.topic = topic;
    command.offer.batch.set_payload(std::string(bytes, 'x'));
    command.offer.batch.set_records(records);
    command.offer.timestamp_ms = 5;
    command.offer.number = number;
    command.reply = std::move(reply);
    tell(std::move(command));
    return answer;
  }
  std::shared_ptr<TopicAnswer<TopicRead>> read(std::int64_t offset, std::size_t bytes_max = 1'000,
                                               bool takes_larger = false) {
    auto [answer, reply] = TopicAnswer<TopicRead>::make();
    tell(ReadTopicCommand{"t", offset, bytes_max, takes_larger, std::move(reply)});
    return answer;
  }
  std::shared_ptr<TopicAnswer<void>> commit_offset(std::int64_t offset) {
    auto [answer, reply] = TopicAnswer<void>::make();
    tell(CommitOffsetCommand{"t", "g", offset, "", std::move(reply)});
    return answer;
  }
  std::shared_ptr<TopicWatch> watch(std::int64_t offset, int* notified) {
    auto watch = std::make_shared<TopicWatch>();
    watch->topic = "t";
    watch->offset = offset;
    watch->notify = [notified] {
      ++*notified;
    };
    tell(WatchTopicCommand{watch});
    return watch;
  }
};

TEST_F(TopicActor, AnswersABatchWhenItIsDurable) {
  const auto first = append();
  system_.drain();
  EXPECT_EQ(first->times, 0) << "nothing is durable yet";
  const auto second = append();
  settle();
  ASSERT_TRUE(first->got && *first->got);
  EXPECT_EQ((*first->got)->base_offset, 0);
  EXPECT_EQ((*second->got)->base_offset, 2);
  EXPECT_EQ(append({}, 1, "none")->times, 0);
  settle();
}

TEST_F(TopicActor, AnswersRepetitionsOfABatchInFlightWhenItIsDurable) {
  const auto first = append({7, 0, 0});
  const auto again = append({7, 0, 0});
  system_.drain();
  EXPECT_EQ(first->times + again->times, 0);
  settle();
  EXPECT_FALSE((*first->got)->is_duplicate);
  EXPECT_TRUE((*again->got)->is_duplicate);
  EXPECT_EQ((*again->got)->base_offset, 0);
  EXPECT_EQ(state_->durable.topics.at("t").next, 2);
}

TEST_F(TopicActor, ReadsWhatIsThereAndRefusesWhatIsNot) {
  append();
  append();
  settle();
  const auto all = read(0);
  const auto middle = read(3);
  const auto at_end = read(4);
  const auto beyond = read(5);
  const auto too_large = read(0, 50);
  const auto larger = read(0, 50, true);
  settle();
  ASSERT_EQ((*all->got)->pieces.size(), 2u);
  EXPECT_EQ((*all->got)->next, 4);
  ASSERT_EQ((*middle->got)->pieces.size(), 1u);
  EXPECT_EQ((*middle->got)->pieces[0].batch.base_offset, 2) << "a batch comes as a whole";
  EXPECT_TRUE((*at_end->got)->pieces.empty());
  EXPECT_FALSE((*at_end->got)->has_larger);
  EXPECT_EQ(beyond->code(), ErrorCode::expired);
  EXPECT_TRUE((*too_large->got)->has_larger);
  EXPECT_EQ((*larger->got)->pieces.size(), 1u);
}

TEST_F(TopicActor, TellsWhoWatchesOnce) {
  int notified = 0;
  int cancelled = 0;
  int later = 0;
  watch(0, &notified);
  const auto gone = watch(0, &cancelled);
  watch(4, &later);
  settle();
  EXPECT_EQ(notified, 0);
  gone->is_cancelled = true;
  append();
  settle();
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(cancelled, 0);
  EXPECT_EQ(later, 0);
  append();
  append();
  settle();
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(later, 1);
  int at_once = 0;
  watch(0, &at_once);
  settle();
  EXPECT_EQ(at_once, 1);
}

// A client that waits for records cancels its watch and sets a new one again and again.
TEST_F(TopicActor, KeepsNoWatchesThatWereCancelled) {
  int notified = 0;
  std::weak_ptr<TopicWatch> first;
  for (int i = 0; i < 1'000; ++i) {
    const auto one = watch(0, &notified);
    if (i == 0) first = one;
    settle();
    one->is_cancelled = true;
  }
  EXPECT_TRUE(first.expired());
  EXPECT_EQ(notified, 0);
}

TEST_F(TopicActor, RemovesATopicBehindTheBatchesThatAreOnTheirWay) {
  const auto on_its_way = append();
  system_.drain();
  auto [removed, reply] = TopicAnswer<void>::make();
  tell(RemoveTopicCommand{"t", std::move(reply)});
  const auto refused = append();
  system_.drain();
  EXPECT_EQ(refused->code(), ErrorCode::not_found);
  EXPECT_EQ(removed->times, 0);
  settle();
  ASSERT_TRUE(on_its_way->got && *on_its_way->got);
  ASSERT_TRUE(removed->got && *removed->got);
  EXPECT_FALSE(state_->durable.topics.contains("t"));
  EXPECT_EQ(state_->durable.index.size(), 0u);
  make("t");
  const auto again = append();
  settle();
  EXPECT_EQ((*again->got)->base_offset, 0);
}

TEST_F(TopicActor, LetsGoWhatIsOldAndCommitted) {
  append();
  append();
  settle();
  commit_offset(2);
  settle();
  advance(hours(2));
  EXPECT_EQ(state_->durable.topics.at("t").start, 2);
  EXPECT_EQ(read(0)->times, 0);
  settle();
}

TEST_F(TopicActor, MakesRoomAboveHighWater) {
  Limits limits;
  limits.backlog_bytes = 1'000;
  restart(limits);
  append();
  settle();
  commit_offset(0);
  for (int i = 0; i < 99; ++i) append();
  settle();
  EXPECT_EQ(append()->times, 0);
  const auto full = append();
  settle();
  EXPECT_EQ(full->code(), ErrorCode::backlog_full);
  commit_offset(200);
  settle();
  advance(seconds(1));
  const auto taken = append();
  settle();
  EXPECT_TRUE(*taken->got);
}

TEST_F(TopicActor, RefusesWhileItMovesAndAnswersWhatIsInFlight) {
  int notified = 0;
  watch(0, &notified);
  const auto in_flight = append();
  system_.drain();
  caf::anon_send(queue_, QuiesceMessage{true});
  system_.drain();
  EXPECT_EQ(notified, 1) << "whoever waits must look for the new owner";
  const auto refused = append();
  const auto unread = read(0);
  settle();
  EXPECT_TRUE(*in_flight->got) << "it was in flight, and is durable";
  EXPECT_EQ(refused->code(), ErrorCode::not_owner);
  EXPECT_EQ(unread->code(), ErrorCode::not_owner);
  caf::anon_send(queue_, ServeMessage{});
  const auto taken = append();
  settle();
  EXPECT_TRUE(*taken->got);
}

TEST_F(TopicActor, TellsAllWhoWaitThatItEnds) {
  const auto in_flight = append();
  system_.drain();
  int notified = 0;
  watch(9, &notified);
  system_.drain();
  end();
  EXPECT_EQ(in_flight->code(), ErrorCode::timeout) << "nobody knows";
  EXPECT_EQ(in_flight->times, 1);
  EXPECT_EQ(notified, 1);
}

// --- Bodies that are not in memory

class ColdTopic : public TopicActor {
 protected:
  ColdTopic() {
    Limits limits;
    limits.body_cache_bytes = 1'000;
    end();
    begin(limits, listener());
  }
  /// Plays the reader of the log.
  caf::actor listener() {
    actors_.push_back(system_.system().spawn([this](caf::event_based_actor*) -> caf::behavior {
      return {[this](const ReadMessage& m) {
        asked_.push_back(m);
      }};
    }));
    return actors_.back();
  }
  void answer() {
    const ReadMessage asked = asked_.front();
    asked_.erase(asked_.begin());
    auto bodies = std::make_shared<std::vector<std::pair<Sequence, Body>>>();
    for (const WantedBody& wanted : *asked.wanted) {
      auto envelope = std::make_shared<pb::Envelope>();
      envelope->set_payload("cold");
      envelope->set_records(2);
      bodies->emplace_back(wanted.sequence, Body(envelope, 1));
    }
    caf::anon_send(caf::actor_cast<caf::actor>(asked.reply_to),
                   BodiesMessage{std::move(bodies), asked.purpose});
    settle();
  }

  std::vector<ReadMessage> asked_;
};

TEST_F(ColdTopic, KeepsTheLatestBodiesInMemory) {
  for (int i = 0; i < 20; ++i) append();
  settle();
  const auto& index = state_->durable.index;
  EXPECT_LE(index.cached_bytes(), 1'000u);
  EXPECT_EQ(index.body(1), nullptr);
  EXPECT_NE(index.body(20), nullptr);
}

TEST_F(ColdTopic, ReadsBodiesFromTheLogOneReadAfterTheOther) {
  for (int i = 0; i < 20; ++i) append();
  settle();
  const auto first = read(0, 300);
  const auto second = read(4, 100);
  const auto warm = read(38);
  settle();
  EXPECT_EQ((*warm->got)->pieces.size(), 1u) << "what is in memory does not wait";
  ASSERT_EQ(asked_.size(), 1u);
  EXPECT_EQ(asked_.front().wanted->size(), 3u);
  answer();
  ASSERT_TRUE(*first->got);
  EXPECT_EQ((*first->got)->pieces.size(), 3u);
  EXPECT_EQ((*first->got)->pieces[0].body->payload(), "cold");
  ASSERT_EQ(asked_.size(), 1u);
  answer();
  EXPECT_EQ((*second->got)->pieces.size(), 1u);
}

// Compaction writes a batch again, and its former segment goes, while a read of the former place waits.
TEST_F(ColdTopic, ReadsAgainWhatLiesElsewhereNow) {
  for (int i = 0; i < 20; ++i) append();
  settle();
  const auto reading = read(0, 100);
  settle();
  ASSERT_EQ(asked_.size(), 1u);
  const ReadMessage asked = asked_.front();
  asked_.clear();
  caf::anon_send(
      caf::actor_cast<caf::actor>(asked.reply_to),
      BodiesMessage{std::make_shared<std::vector<std::pair<Sequence, Body>>>(), asked.purpose});
  settle();
  EXPECT_EQ(reading->times, 0);
  ASSERT_EQ(asked_.size(), 1u);
  answer();
  ASSERT_TRUE(reading->got && *reading->got);
}

TEST_F(ColdTopic, SaysThatItBeginsLaterWhenBodiesWentMeanwhile) {
  for (int i = 0; i < 20; ++i) append();
  settle();
  const auto reading = read(0, 100);
  settle();
  commit_offset(10);
  settle();
  advance(hours(2));
  ASSERT_EQ(asked_.size(), 1u);
  const ReadMessage asked = asked_.front();
  caf::anon_send(
      caf::actor_cast<caf::actor>(asked.reply_to),
      BodiesMessage{std::make_shared<std::vector<std::pair<Sequence, Body>>>(), asked.purpose});
  settle();
  EXPECT_EQ(reading->code(), ErrorCode::expired);
}

TEST_F(ColdTopic, AnswersReadersWhenItIsQuiescedAndTakesNoLateBodies) {
  for (int i = 0; i < 20; ++i) append();
  settle();
  const auto reading = read(0, 100);
  const auto waiting = read(2, 100);
  settle();
  caf::anon_send(queue_, QuiesceMessage{false});
  settle();
  EXPECT_EQ(reading->code(), ErrorCode::not_owner);
  EXPECT_EQ(waiting->code(), ErrorCode::not_owner);
  caf::anon_send(queue_, ServeMessage{});
  const auto again = read(4, 100);
  settle();
  answer();  // of the first read
  EXPECT_EQ(again->times, 0);
  answer();
  ASSERT_TRUE(again->got && *again->got);
  EXPECT_EQ((*again->got)->pieces[0].batch.base_offset, 4);
}

}  // namespace
}  // namespace millrace::queues
