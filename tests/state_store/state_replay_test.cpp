// Promise: recovery with keys on disk gives the same keys as a replay of the whole log in memory, for
// any log, any cache, checkpoints at any record with changes of later records in their copy, and
// crashes at any point; each violation that is planted is found or refused. Checked on random logs from
// seeds, over the table in memory.
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "actors/queue/snapshot/snapshot.hpp"
#include "actors/state_store/memory_table.hpp"
#include "actors/store/store.hpp"

namespace millrace {
namespace {

using Keys = std::map<std::string, std::string>;

constexpr queues::QueueNumber queues_max = 3;

// What a node leaves: its log, its newest checkpoint, and the disk of its state store.
struct Remains {
  std::vector<std::string> log;  ///< record n at n - 1
  std::vector<std::string> checkpoint;
  std::size_t replay_from = 0;  ///< index into `log`
  std::shared_ptr<states::MemoryDisk> disk = std::make_shared<states::MemoryDisk>();
};

// A store that recovered from what a node left, and goes on.
class Node {
 public:
  Node(Remains& remains, Store::Keys mode, std::uint64_t cache_bytes)
      : remains_(remains),
        mode_(mode),
        states_(std::make_unique<states::StateStore>(
            std::make_unique<states::MemoryTable>(remains.disk))),
        store_(queues::Limits{.body_cache_bytes = 0, .state_cache_bytes = cache_bytes}) {
    store_.use(*states_, mode);
  }

  Result<void> recover() {
    for (const std::string& part : remains_.checkpoint) {
      if (auto loaded = store_.load(part); !loaded) return loaded;
    }
    next_ = remains_.replay_from;
    if (auto followed = follow(); !followed) return followed;
    return store_.recovered(remains_.log.size());
  }

  /// Applies the records that are new.
  Result<void> follow() {
    for (; next_ < remains_.log.size(); ++next_) {
      const auto place = logs::make_place(1, static_cast<std::uint32_t>(next_));
      const auto applied = store_.apply({next_ + 1, place, 0, remains_.log[next_]});
      if (!applied) return applied;
    }
    return {};
  }

  /// As the queues and the checkpointer do: dirty keys are written, then the copy is made.
  void write_dirty(bool all = true) {
    for (auto& [number, queue] : store_.queues()) {
      queues::KeyedStore& keyed = queue.state->durable.keyed;
      queues::StateWrite write = keyed.take_dirty(all ? ~0ull : 1);
      write.queue = number;
      write.keeps_ages = true;
      ASSERT_TRUE(states_->write(write));
      keyed.written(write);
      keyed.evict(0);
    }
  }
  [[nodiscard]] std::vector<std::string> parts() {
    std::vector<std::string> out;
    for (const auto& [number, queue] : store_.queues()) {
      queues::write_snapshot(*queue.state,
                             [&](std::string part) { out.push_back(std::move(part)); });
    }
    return out;
  }
  std::string copy(std::size_t log_size, std::uint64_t id) {
    if (mode_ != Store::Keys::on_disk) return {};
    const auto saved = states_->save(log_size, id);
    EXPECT_TRUE(saved);
    pb::SnapshotPart part;
    part.mutable_state_copy()->set_number(saved->number);
    part.mutable_state_copy()->set_id(saved->id);
    EXPECT_TRUE(states_->keep(*saved));
    return part.SerializeAsString();
  }

  [[nodiscard]] Keys keys(queues::QueueNumber number) const {
    Keys out;
    const auto found = store_.queues().find(number);
    if (found == store_.queues().end()) return out;
    const auto visited = store_.visit_keys(
        found->second, [&](const std::string& key, const queues::KeyState& state) -> Result<void> {
          EXPECT_TRUE(out.emplace(key, show(state)).second) << key << " is visited twice";
          return {};
        });
    EXPECT_TRUE(visited);
    for (const auto& [key, shown] : out) {
      const auto one = store_.read_key(found->second, key);
      EXPECT_TRUE(one && *one && show(**one) == shown) << key;
    }
    return out;
  }

 private:
  static std::string show(const queues::KeyState& state) {
    std::string out = state.value ? *state.value : "-";
    for (const pb::HistoryEntry& entry : queues::KeyedStore::parse_history(state.history)) {
      out += " " + entry.value();
    }
    return out;
  }

  Remains& remains_;
  const Store::Keys mode_;
  std::unique_ptr<states::StateStore> states_;
  Store store_;
  std::size_t next_ = 0;  ///< index of the next record
};

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed) {
    for (queues::QueueNumber number = 1; number <= queues_max; ++number) declare(number);
  }

  std::size_t below(std::size_t n) { return random_() % n; }

  void declare(queues::QueueNumber number) {
    pb::Record record;
    pb::Declaration& declaration = *record.add_declare();
    declaration.set_number(number);
    declaration.set_name("q" + std::to_string(number));
    declaration.set_shards(1);
    remains.log.push_back(record.SerializeAsString());
  }

  // Sometimes a queue ends and its number is given out again, as a move and a restart do.
  void add_record() {
    const auto number = static_cast<queues::QueueNumber>(1 + below(queues_max));
    if (below(60) == 0) {
      pb::Record retire;
      retire.add_retire(number);
      remains.log.push_back(retire.SerializeAsString());
      declare(number);
      return;
    }
    pb::Record record;
    pb::Change& change = *record.add_change();
    change.set_queue(number);
    const std::string key = "k" + std::to_string(below(12));
    const std::string text = std::to_string(remains.log.size());
    if (below(9) == 0) {
      pb::KeyForgotten& forgotten = *change.add_forget_key();
      forgotten.set_key(key);
      forgotten.set_history_only(below(2) == 0);
    } else {
      pb::StateChange& state = *change.add_state();
      state.set_key(key);
      if (below(3) != 0) state.set_value("v" + text);
      if (below(8) == 0) state.set_erase(true);
      for (std::size_t i = below(3); i > 0; --i) state.add_history()->set_value("e" + text);
    }
    remains.log.push_back(record.SerializeAsString());
  }

  Remains remains;

 private:
  std::mt19937_64 random_;
};

// The keys that a replay of the whole log in memory gives.
std::vector<Keys> expected(World& world) {
  Remains whole;
  whole.log = world.remains.log;
  Node node(whole, Store::Keys::in_memory, 0);
  EXPECT_TRUE(node.recover());
  std::vector<Keys> all;
  for (queues::QueueNumber number = 1; number <= queues_max; ++number)
    all.push_back(node.keys(number));
  return all;
}

std::vector<Keys> found(const Node& node) {
  std::vector<Keys> all;
  for (queues::QueueNumber number = 1; number <= queues_max; ++number)
    all.push_back(node.keys(number));
  return all;
}

std::string difference_of(const std::vector<Keys>& wanted, const std::vector<Keys>& are) {
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    for (const auto& [key, shown] : wanted[i]) {
      const auto other = are[i].find(key);
      const std::string text = other == are[i].end() ? "nothing" : other->second;
      if (text != shown) {
        return "queue " + std::to_string(i + 1) + ", " + key + ": " + text + " instead of " + shown;
      }
    }
    if (are[i].size() != wanted[i].size()) return "queue " + std::to_string(i + 1) + " has more";
  }
  return {};
}

enum class Plant { nothing, key_not_written, copy_before_writes };

// Runs a node through restarts and checkpoints; returns whether all keys were right at each start.
bool survives(std::uint64_t seed, Plant plant = Plant::nothing) {
  World world(seed);
  for (int start = 0; start < 6; ++start) {
    const auto mode = world.below(5) == 0 ? Store::Keys::in_memory : Store::Keys::on_disk;
    Node node(world.remains, mode, world.below(2) == 0 ? 0 : 2'000);
    const auto recovered = node.recover();
    EXPECT_TRUE(recovered) << recovered.error().message;
    if (!recovered) return false;
    const std::string difference = difference_of(expected(world), found(node));
    if (!difference.empty()) {
      std::cout << "seed " << seed << ", start " << start << ": " << difference << '\n';
      return false;
    }
    for (std::size_t rounds = world.below(4); rounds > 0; --rounds) {
      for (std::size_t i = world.below(30); i > 0; --i) {
        world.add_record();
        EXPECT_TRUE(node.follow());
        if (mode == Store::Keys::on_disk && world.below(4) == 0) node.write_dirty(false);
      }
      // As of this record the queues hand over; others come before the copy is complete.
      if (plant == Plant::copy_before_writes) {
        world.remains.disk->copies.clear();
        const std::string copy = node.copy(world.remains.log.size(), seed);
        world.remains.replay_from = world.remains.log.size();
        if (mode == Store::Keys::on_disk) node.write_dirty();
        world.remains.checkpoint = node.parts();
        if (!copy.empty()) world.remains.checkpoint.insert(world.remains.checkpoint.begin(), copy);
        continue;
      }
      if (mode == Store::Keys::on_disk && plant != Plant::key_not_written) node.write_dirty();
      const std::size_t size = world.remains.log.size();
      std::vector<std::string> parts = node.parts();
      for (std::size_t i = world.below(12); i > 0; --i) {
        world.add_record();
        EXPECT_TRUE(node.follow());
        if (mode == Store::Keys::on_disk && world.below(2) == 0) node.write_dirty(false);
      }
      const std::string copy = node.copy(size, seed + static_cast<std::uint64_t>(start));
      if (world.below(4) == 0) break;  // a crash before the checkpoint is complete
      if (!copy.empty()) parts.insert(parts.begin(), copy);
      world.remains.checkpoint = std::move(parts);
      world.remains.replay_from = size;
    }
  }
  return true;
}

TEST(KeysOnDisk, AreTheSameAsAfterAReplayInMemory) {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) ASSERT_TRUE(survives(seed)) << "seed " << seed;
}

std::uint64_t seeds_until_found(Plant plant) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    if (!survives(seed, plant)) return seed;
  }
  return 0;
}

TEST(KeysOnDisk, ACheckpointThatLacksDirtyKeysIsFound) {
  EXPECT_NE(seeds_until_found(Plant::key_not_written), 0u);
}

TEST(KeysOnDisk, ACopyThatIsMadeBeforeTheWritesIsFound) {
  EXPECT_NE(seeds_until_found(Plant::copy_before_writes), 0u);
}

// Leaves a checkpoint whose copy has a later record.
void leave_later_effects(World& world) {
  Node node(world.remains, Store::Keys::on_disk, 0);
  ASSERT_TRUE(node.recover());
  for (int i = 0; i < 40; ++i) {
    world.add_record();
    ASSERT_TRUE(node.follow());
  }
  node.write_dirty();
  std::vector<std::string> parts = node.parts();
  const std::size_t size = world.remains.log.size();
  for (int i = 0; i < 10; ++i) {
    world.add_record();
    ASSERT_TRUE(node.follow());
  }
  node.write_dirty();
  parts.insert(parts.begin(), node.copy(size, 5));
  world.remains.checkpoint = parts;
  world.remains.replay_from = size;
}

TEST(KeysOnDisk, AStoreThatIsNewerThanTheLogIsRefused) {
  World world(1);
  leave_later_effects(world);
  for (int i = 0; i < 8; ++i) world.remains.log.pop_back();  // the log lost confirmed records
  Node node(world.remains, Store::Keys::on_disk, 0);
  const auto recovered = node.recover();
  ASSERT_FALSE(recovered);
  EXPECT_EQ(recovered.error().code, ErrorCode::corrupt);
  EXPECT_NE(recovered.error().message.find("has effects of record"), std::string::npos);
}

TEST(KeysOnDisk, AStoreThatIsMissingIsRefused) {
  World world(1);
  leave_later_effects(world);
  world.remains.disk->copies.clear();
  for (const auto mode : {Store::Keys::on_disk, Store::Keys::in_memory, Store::Keys::as_found}) {
    Node node(world.remains, mode, 0);
    EXPECT_EQ(node.recover().error().code, ErrorCode::corrupt);
  }
}

TEST(KeysOnDisk, ACheckpointThatNamesAStoreNeedsOne) {
  World world(1);
  leave_later_effects(world);
  Store store;
  EXPECT_EQ(store.load(world.remains.checkpoint.front()).error().code, ErrorCode::invalid_argument);
}

TEST(KeysOnDisk, AreFoundByToolsThatChangeNothing) {
  World world(7);
  leave_later_effects(world);
  const auto before = world.remains.disk->copies;
  Node tool(world.remains, Store::Keys::as_found, 0);
  ASSERT_TRUE(tool.recover());
  EXPECT_EQ(found(tool), expected(world));
  EXPECT_EQ(world.remains.disk->copies, before);
}

}  // namespace
}  // namespace millrace
