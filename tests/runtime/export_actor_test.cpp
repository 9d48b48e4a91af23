// Promise: an export writes chunks of bounded size from which another node's store builds the same
// queue; a failed export reports its reason once. The test plays the reader.
#include "actors/move/shell/export_actor.hpp"

#include <optional>

#include "actors/log/proposal.hpp"
#include "actors/state_store/memory_table.hpp"
#include "actors/state_store/state_keeper.hpp"
#include "actors/store/body_reading.hpp"
#include "actors/store/store.hpp"
#include "tests/queue/lone_queue_actor.hpp"

namespace millrace {
namespace {

using queues::QueueActor;

constexpr std::uint64_t messages = 300;

class Export : public QueueActor {
 protected:
  Export() {
    end();
    start({.body_cache_bytes = 20'000});
    const auto heard = std::make_shared<queues::Heard>();
    const caf::actor sender = listener(heard);
    attach(sender);
    for (std::uint64_t first = 1; first <= messages; first += 10) {
      auto offer = std::make_shared<queues::Offer>(queues::Offer{"p", 1, first, {}});
      for (int i = 0; i < 10; ++i) {
        auto envelope = std::make_shared<pb::Envelope>();
        envelope->set_key("k" + std::to_string(i));
        envelope->set_payload(std::string(first == 1 && i == 0 ? 100'000 : 1'000, 'x'));
        offer->messages.push_back(std::move(envelope));
      }
      send(sender, queues::OfferMessage{std::move(offer)});
      settle();
    }
    ask_to_quiesce();
  }

  void ask_to_quiesce() {
    system_.system().spawn([this](caf::event_based_actor* self) {
      self->request(queue_, caf::infinite, queues::QuiesceMessage{.seals = true})
          .then([this](const queues::QuiescedReply& reply) { quiesced_ = reply; });
    });
    system_.drain();
  }

  /// Reads bodies from the log; if it `lacks` messages, it finds none.
  caf::actor reader(bool lacks = false) {
    actors_.push_back(system_.system().spawn([this,
                                              lacks](caf::event_based_actor*) -> caf::behavior {
      return {[this, lacks](const queues::ReadMessage& m) {
        Bodies bodies;
        if (!lacks) {
          bodies = *read_bodies(
              [this](auto places, const auto& visit) -> Result<void> {
                for (std::size_t i = 0; i < places.size(); ++i) {
                  const std::string& body = log_.records().at(logs::offset_of(places[i]) - 1);
                  if (auto read = visit(i, {.place = places[i], .body = body}); !read) return read;
                }
                return {};
              },
              m.queue, *m.wanted);
        }
        ++reads_;
        caf::anon_send(caf::actor_cast<caf::actor>(m.reply_to),
                       queues::BodiesMessage{std::make_shared<const Bodies>(std::move(bodies))});
      }};
    }));
    return actors_.back();
  }

  caf::actor begin(const caf::actor& reader, std::size_t taken_max = 1'000,
                   states::StateKeeper* states = nullptr) {
    ExportConfig config;
    config.states = states;
    config.queues = {{queue_, *state_->declaration, quiesced_->last, quiesced_->parts}};
    config.reader = reader;
    config.take = [this, taken_max](std::string chunk) -> Result<void> {
      if (chunks_.size() == taken_max) return Error{ErrorCode::storage_full, "no room"};
      chunks_.push_back(std::move(chunk));
      return {};
    };
    config.done = [this](std::optional<Error> failure) {
      ++done_;
      failure_ = std::move(failure);
    };
    return spawn_exporter(system_.system(), std::move(config));
  }

  /// Gives key "k1" a value and a history of 24 entries of 1 MiB each.
  static std::vector<pb::StateChange> long_history() {
    std::vector<pb::StateChange> changes(24);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      changes[i].set_key("k1");
      changes[i].set_value("value " + std::to_string(i));
      pb::HistoryEntry& entry = *changes[i].add_history();
      entry.set_input(i + 1);
      entry.set_value(std::string(1u << 20, static_cast<char>('a' + i)));
    }
    return changes;
  }

  /// What a store has of key "k1" after it installed the chunks.
  queues::KeyState installed() {
    Store store({.body_cache_bytes = 0});
    logs::Lsn lsn = 0;
    const auto apply = [&](const pb::Record& record) {
      const std::string body = record.SerializeAsString();
      EXPECT_LE(body.size(), logs::record_bytes_max);
      ++lsn;
      const auto applied = store.apply({lsn, MemoryLog::place_of(lsn), 0, body});
      EXPECT_TRUE(applied) << applied.error().message;
    };
    pb::Record declares;
    *declares.add_declare() = declaration();
    declares.mutable_declare(0)->set_staged(true);
    apply(declares);
    for (const std::string& bytes : chunks_) {
      pb::ShardChunk chunk;
      EXPECT_TRUE(chunk.ParseFromString(bytes));
      pb::Record record;
      record.add_change()->set_queue(1);
      *record.mutable_change(0)->mutable_install() = chunk.install();
      apply(record);
    }
    const queues::KeyState* key = store.queues().at(1).state->durable.keyed.find("k1");
    return key == nullptr ? queues::KeyState{} : queues::KeyState{key->value, key->history};
  }
  static void expect_whole(const queues::KeyState& key) {
    ASSERT_TRUE(key.value);
    EXPECT_EQ(*key.value, "value 23");
    EXPECT_GT(key.history.size(), 24u << 20);
    const auto entries = queues::KeyedStore::parse_history(key.history);
    ASSERT_EQ(entries.size(), 24u);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      EXPECT_EQ(entries[i].input(), i + 1);
      EXPECT_EQ(entries[i].value(), std::string(1u << 20, static_cast<char>('a' + i)));
    }
  }

  std::optional<queues::QuiescedReply> quiesced_;
  std::vector<std::string> chunks_;
  int reads_ = 0;
  int done_ = 0;
  std::optional<Error> failure_;
};

TEST_F(Export, RebuildsTheSameQueueFromChunksOfBoundedSize) {
  ASSERT_TRUE(quiesced_);
  begin(reader());
  system_.drain();
  EXPECT_EQ(done_, 1);
  EXPECT_FALSE(failure_);
  EXPECT_GT(reads_, 3) << "most bodies are in the log only";
  Store store({.body_cache_bytes = 0});
  logs::Lsn lsn = 0;
  const auto apply = [&](const pb::Record& record) {
    const std::string body = record.SerializeAsString();
    ++lsn;
    return store.apply({lsn, MemoryLog::place_of(lsn), 0, body});
  };
  pb::Record declares;
  *declares.add_declare() = declaration();
  declares.mutable_declare(0)->set_staged(true);
  ASSERT_TRUE(apply(declares));
  int large = 0;
  for (const std::string& bytes : chunks_) {
    large += bytes.size() > 80'000 ? 1 : 0;
    pb::ShardChunk chunk;
    ASSERT_TRUE(chunk.ParseFromString(bytes));
    EXPECT_EQ(chunk.queue().name(), "work");
    pb::Record record;
    record.add_change()->set_queue(1);
    *record.mutable_change(0)->mutable_install() = chunk.install();
    ASSERT_TRUE(apply(record));
  }
  EXPECT_EQ(large, 1) << "that of one message";
  const queues::Durable& copied = store.queues().at(1).state->durable;
  EXPECT_EQ(copied.index.size(), messages);
  EXPECT_EQ(copied.index.bytes(), state_->durable.index.bytes());
  EXPECT_EQ(copied.ledger, state_->durable.ledger);
  EXPECT_EQ(copied.dedup.find("p")->last, messages);
}

TEST_F(Export, MovesAHistoryThatNoRecordCouldHold) {
  for (const pb::StateChange& change : long_history()) state_->durable.keyed.apply(change);
  ask_to_quiesce();
  ASSERT_TRUE(quiesced_);
  begin(reader());
  system_.drain();
  EXPECT_EQ(done_, 1);
  EXPECT_FALSE(failure_);
  expect_whole(installed());
}

TEST_F(Export, MovesAHistoryOnDiskThatNoRecordCouldHold) {
  states::StateStore store(
      std::make_unique<states::MemoryTable>(std::make_shared<states::MemoryDisk>()));
  ASSERT_TRUE(store.open(std::nullopt));
  queues::KeyedStore keyed;
  keyed.keep_on_disk(false);
  logs::Lsn lsn = 0;
  for (const pb::StateChange& change : long_history()) keyed.apply(change, {++lsn, 1});
  queues::StateWrite write = keyed.take_dirty(~std::uint64_t{0});
  write.queue = 1;
  ASSERT_TRUE(store.write(write));
  states::StateKeeper keeper(
      store, [](const Error& error) { FAIL() << error.message; }, false);
  begin(reader(), 1'000, &keeper);
  system_.drain();
  EXPECT_EQ(done_, 1);
  EXPECT_FALSE(failure_);
  expect_whole(installed());
}

TEST_F(Export, EndsOnceWithTheReason) {
  begin(reader(), 2);
  system_.drain();
  ASSERT_TRUE(failure_);
  EXPECT_EQ(failure_->code, ErrorCode::storage_full);
  EXPECT_EQ(chunks_.size(), 2u);
  begin(reader(true));
  system_.drain();
  EXPECT_EQ(failure_->code, ErrorCode::corrupt);
  const caf::actor ends = begin(reader());
  caf::anon_send_exit(ends, caf::exit_reason::user_shutdown);
  system_.drain();
  EXPECT_EQ(done_, 3);
}

TEST_F(Export, EndsWithItsReader) {
  const caf::actor gone = reader();
  caf::anon_send_exit(gone, caf::exit_reason::kill);
  begin(gone);
  system_.drain();
  EXPECT_EQ(done_, 1);
  ASSERT_TRUE(failure_);
  EXPECT_EQ(failure_->code, ErrorCode::draining);
}

}  // namespace
}  // namespace millrace
