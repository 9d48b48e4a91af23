// Promise: a state store returns what was written, of each key of each queue; a copy survives the
// process and nothing else does; a copy that is missing, incomplete, damaged or of another
// checkpoint is refused. Checked over the table in memory and over RocksDB.
#include "actors/state_store/state_store.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include <gtest/gtest.h>

#include "actors/state_store/item_key.hpp"
#include "actors/state_store/memory_table.hpp"
#include "actors/state_store/rocks_table.hpp"
#include "tests/journal/temporary_directory.hpp"

namespace millrace::states {
namespace {

using queues::HistoryPart;
using queues::KeyWrite;
using queues::StateWrite;

std::shared_ptr<const std::string> text(std::string bytes) {
  return std::make_shared<const std::string>(std::move(bytes));
}

KeyWrite set(std::string key, std::string value, TimeUs age_us = 0) {
  KeyWrite write;
  write.key = std::move(key);
  write.next = KeyWrite::Value::set;
  write.value = text(std::move(value));
  write.age_us = age_us;
  return write;
}

enum class Kind { memory, rocks };

class AStateStore : public ::testing::TestWithParam<Kind> {
 protected:
  AStateStore() { store_ = make(); }

  std::unique_ptr<StateStore> make(logs::Opener opener = logs::Opener::writer) {
    store_.reset();  // RocksDB locks what is open
    if (GetParam() == Kind::memory) {
      return std::make_unique<StateStore>(std::make_unique<MemoryTable>(disk_));
    }
    return std::make_unique<StateStore>(make_rocks_table(state_dir(), opener));
  }
  [[nodiscard]] std::filesystem::path state_dir() const { return directory_.path() / "state"; }

  void open(std::optional<Copy> copy = std::nullopt) {
    const auto opened = store_->open(copy);
    ASSERT_TRUE(opened) << opened.error().message;
  }
  void restart(std::optional<Copy> copy) {
    store_ = make();
    open(copy);
  }
  void write(KeyWrite key, logs::Lsn lsn = 1, std::uint32_t queue = 1, bool keeps_ages = false) {
    StateWrite write{queue, lsn, keeps_ages, {}};
    write.keys.push_back(std::move(key));
    ASSERT_TRUE(store_->write(write));
  }
  Copy save(logs::Lsn number, std::uint64_t id = 77) {
    const auto saved = store_->save(number, id);
    EXPECT_TRUE(saved) << (saved ? "" : saved.error().message);
    return saved ? *saved : Copy{};
  }
  std::string value(const std::string& key, std::uint32_t queue = 1) {
    const auto found = store_->value(queue, key);
    EXPECT_TRUE(found);
    return found && *found ? **found : "-";
  }
  std::string history(const std::string& key, std::uint32_t queue = 1) {
    const auto found = store_->read(queue, key);
    EXPECT_TRUE(found);
    std::string out;
    if (found) {
      for (const HistoryPart& part : found->history) {
        out += std::to_string(part.lsn) + "=" + *part.entries + " ";
      }
    }
    return out;
  }
  std::string scan(std::uint32_t queue, std::size_t bytes_max) {
    std::string out;
    ScanPlace place;
    while (!place.is_end) {
      const auto pieces = store_->scan(queue, place, bytes_max);
      EXPECT_TRUE(pieces);
      if (!pieces) break;
      for (const KeyPiece& piece : *pieces) {
        out += (piece.continues ? "+" : " " + piece.key);
        if (piece.value) out += ":" + *piece.value;
        for (const HistoryPart& part : piece.history) out += "," + *part.entries;
      }
    }
    return out;
  }

  journal::TemporaryDirectory directory_;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<StateStore> store_;
};

TEST_P(AStateStore, ReturnsWhatWasWritten) {
  open();
  write(set("a", "1"));
  write(set("b", "2"), 2, 2);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("b"), "-");
  EXPECT_EQ(value("b", 2), "2");
  EXPECT_TRUE(store_->peek(1, "absent").is_known);
  EXPECT_EQ(store_->peek(1, "absent").value, nullptr);
  KeyWrite none;
  none.key = "a";
  none.next = KeyWrite::Value::none;
  write(none, 3);
  EXPECT_EQ(value("a"), "-");
  EXPECT_EQ(*store_->newest(), 3u);
}

TEST_P(AStateStore, KeysThatContainOthersAndZerosAreKeptApart) {
  open();
  const std::string zero("a\0", 2);
  const std::string longer("a\0\xff", 3);
  for (const std::string& key :
       {std::string("a"), zero, longer, std::string("ab"), std::string("\xff\xff")}) {
    write(set(key, "of " + key));
  }
  EXPECT_EQ(value("a"), "of a");
  EXPECT_EQ(value(zero), "of " + zero);
  EXPECT_EQ(value(longer), "of " + longer);
  EXPECT_EQ(scan(1, 1), scan(1, 1u << 20));
  for (const std::string& key : {std::string(), zero, longer, std::string("\xff")}) {
    const auto item = parse_key_item(history_item(9, key, 12));
    ASSERT_TRUE(item);
    EXPECT_EQ(item->key, key);
    EXPECT_EQ(item->lsn, 12u);
    EXPECT_EQ(item->queue, 9u);
  }
  EXPECT_FALSE(parse_key_item("k"));
  EXPECT_FALSE(parse_key_item(key_prefix(1, "a") + "hx"));
}

TEST_P(AStateStore, AHistoryWrittenAgainIsTheSame) {
  open();
  KeyWrite write_once;
  write_once.key = "a";
  write_once.history = {{5, text("e5")}, {9, text("e9")}};
  write(write_once, 9);
  write_once.history.push_back({11, text("e11")});
  write(write_once, 11);
  EXPECT_EQ(history("a"), "5=e5 9=e9 11=e11 ");
  KeyWrite forgotten;
  forgotten.key = "a";
  forgotten.forgotten = 9;
  write(forgotten, 12);
  EXPECT_EQ(history("a"), "11=e11 ");
}

TEST_P(AStateStore, AScanOfAnyPageSizeHasEverything) {
  open();
  for (int i = 0; i < 20; ++i) {
    KeyWrite key = set("k" + std::to_string(i), "v");
    for (logs::Lsn lsn = 1; lsn <= 5; ++lsn) key.history.push_back({lsn, text("e")});
    write(key, 5);
  }
  write(set("other", "queue"), 6, 2);
  const std::string whole = scan(1, 1u << 20);
  for (const std::size_t bytes : {1u, 100u, 400u, 1000u}) {
    std::string paged = scan(1, bytes);
    std::erase(paged, '+');
    EXPECT_EQ(paged, whole) << bytes;
  }
}

TEST_P(AStateStore, OnlyCopiesSurviveTheProcess) {
  open();
  write(set("a", "1"), 4);
  const Copy copy = save(4);
  write(set("a", "2"), 5);
  write(set("b", "2"), 6);
  restart(copy);
  EXPECT_EQ(value("a"), "1");
  EXPECT_EQ(value("b"), "-");
  EXPECT_EQ(*store_->newest(), 4u);
  write(set("a", "3"), 7);
  EXPECT_EQ(value("a"), "3");
  restart(copy);  // the copy is not changed by what follows
  EXPECT_EQ(value("a"), "1");
  restart(std::nullopt);
  EXPECT_EQ(value("a"), "-");
}

TEST_P(AStateStore, ACopyMayBeMadeAgain) {
  open();
  write(set("a", "1"), 4);
  [[maybe_unused]] const Copy first = save(4, 1);
  write(set("a", "2"), 5);
  const Copy second = save(4, 2);
  restart(second);
  EXPECT_EQ(value("a"), "2");
}

TEST_P(AStateStore, TheNewestTwoCopiesAreKept) {
  open();
  Copy copy;
  for (const logs::Lsn number : {3u, 8u, 12u}) {
    write(set("a", std::to_string(number)), number);
    copy = save(number, number);
    ASSERT_TRUE(store_->keep(copy));
  }
  restart(Copy{8, 8});
  EXPECT_EQ(value("a"), "8");
  store_ = make();
  EXPECT_EQ(store_->open(Copy{3, 3}).error().code, ErrorCode::corrupt);
}

TEST_P(AStateStore, AMissingCopyIsNotTakenForEmpty) {
  const auto opened = store_->open(Copy{4, 1});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().message.find("as of record 4 is missing"), std::string::npos)
      << opened.error().message;
}

TEST_P(AStateStore, ACopyOfAnotherCheckpointIsRefused) {
  open();
  write(set("a", "1"), 4);
  Copy copy = save(4);
  ++copy.id;
  store_ = make();
  const auto opened = store_->open(copy);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
}

TEST_P(AStateStore, FindsKeysByTheAgeOfTheirLastChange) {
  open();
  write(set("a", "1", 100), 1, 1, true);
  write(set("b", "1", 200), 2, 1, true);
  write(set("a", "2", 300), 3, 1, true);
  write(set("c", "1", 120), 4, 2, true);
  const auto aged = store_->aged(1, false, 250, 10);
  ASSERT_TRUE(aged);
  ASSERT_EQ(aged->size(), 1u);
  EXPECT_EQ(aged->front().key, "b");
  EXPECT_EQ(aged->front().age_us, 200);
  // Its history is forgotten once, and its value later.
  ASSERT_EQ(store_->aged(1, true, 250, 10)->size(), 1u);
  KeyWrite shorter;
  shorter.key = "b";
  shorter.forgotten = 4;
  write(shorter, 4, 1, true);
  EXPECT_TRUE(store_->aged(1, true, 250, 10)->empty());
  EXPECT_EQ(store_->aged(1, false, 250, 10)->size(), 1u);
  KeyWrite gone;
  gone.age_us = 350;
  gone.key = "b";
  gone.next = KeyWrite::Value::none;
  gone.forgotten = 5;
  write(gone, 5, 1, true);
  EXPECT_TRUE(store_->aged(1, false, 250, 10)->empty());
  EXPECT_EQ(store_->aged(1, false, 301, 10)->size(), 1u);
}

TEST_P(AStateStore, FindsKeysThatAreOlderThanThoseThatWereFoundBefore) {
  open();
  const auto keys = [&](TimeUs before_us) {
    const auto aged = store_->aged(1, false, before_us, 10);
    EXPECT_TRUE(aged);
    std::string found;
    for (const AgedKey& one : *aged) found += one.key;
    return found;
  };
  write(set("b", "1", 200), 1, 1, true);
  EXPECT_EQ(keys(150), "") << "nothing is before 150";
  write(set("a", "1", 100), 2, 1, true);  // as a move installs it
  EXPECT_EQ(keys(150), "a");
  EXPECT_EQ(keys(250), "ab");
  EXPECT_EQ(keys(150), "a") << "until it is forgotten";
  KeyWrite gone;
  gone.key = "a";
  gone.next = KeyWrite::Value::none;
  gone.forgotten = 3;
  gone.age_us = 250;
  write(gone, 3, 1, true);
  EXPECT_EQ(keys(240), "b");
  write(set("c", "1", 10), 4, 1, true);
  EXPECT_EQ(keys(240), "cb");
  const Copy copy = save(4);
  write(set("d", "1", 5), 5, 1, true);
  restart(copy);
  EXPECT_EQ(keys(240), "cb");
}

// An engine that marks what was removed passes the marks at each visit, until it throws them away.
class TableThatMarksWhatWasRemoved : public MemoryTable {
 public:
  TableThatMarksWhatWasRemoved(std::shared_ptr<MemoryDisk> disk, std::size_t& passed)
      : MemoryTable(std::move(disk)), passed_(passed) {}

  Result<void> write(const Batch& batch) override {
    for (const auto& [key, value] : batch.items) {
      if (value) {
        marks_.erase(key);
      } else {
        marks_.insert(key);
      }
    }
    return MemoryTable::write(batch);
  }
  Result<void> visit(std::string_view from, std::string_view to,
                     const ItemVisitor& visit) override {
    passed_ += std::distance(marks_.lower_bound(from), marks_.lower_bound(to));
    return MemoryTable::visit(from, to, visit);
  }

 private:
  std::set<std::string, std::less<>> marks_;
  std::size_t& passed_;
};

TEST(AStateStoreOfManyKeys, LooksForOldKeysBehindThoseThatWereForgotten) {
  constexpr TimeUs keys = 400;
  std::size_t passed = 0;
  StateStore store(
      std::make_unique<TableThatMarksWhatWasRemoved>(std::make_shared<MemoryDisk>(), passed));
  ASSERT_TRUE(store.open(std::nullopt));
  logs::Lsn lsn = 0;
  const auto change = [&](KeyWrite key) {
    StateWrite write{1, ++lsn, true, {}};
    write.keys.push_back(std::move(key));
    ASSERT_TRUE(store.write(write));
  };
  for (TimeUs key = 1; key <= keys; ++key) change(set(std::to_string(key), "1", key));
  TimeUs forgotten = 0;
  for (TimeUs now = 1; now <= keys; ++now) {
    const auto aged = store.aged(1, false, now + 1, 4);
    ASSERT_TRUE(aged);
    for (const AgedKey& one : *aged) {
      KeyWrite gone;
      gone.key = one.key;
      gone.next = KeyWrite::Value::none;
      gone.forgotten = lsn;
      gone.age_us = keys + now;
      change(gone);
      ++forgotten;
    }
  }
  EXPECT_EQ(forgotten, keys);
  EXPECT_LE(passed, static_cast<std::size_t>(4 * keys)) << "from the first key on: 80,000";
}

TEST_P(AStateStore, AKeyThatWasChangedWhileNoAgesWereKeptIsNotOld) {
  open();
  write(set("a", "1", 100), 1, 1, true);
  write(set("a", "2", 900), 2, 1, false);
  EXPECT_TRUE(store_->aged(1, false, 500, 10)->empty());
  EXPECT_TRUE(store_->aged(1, true, 5'000, 10)->empty());
}

TEST_P(AStateStore, FindsKeysFromBeforeTheQueueForgotByTheirLastChange) {
  open();
  for (int i = 0; i < 5; ++i) {
    write(set("key" + std::to_string(i), "v", 100 + i), static_cast<logs::Lsn>(1 + i), 1, false);
  }
  KeyWrite long_history = set("key2", "v", 102);
  for (logs::Lsn lsn = 10; lsn < 20; ++lsn) long_history.history.push_back({lsn, text("entry")});
  write(long_history, 20, 1, false);
  EXPECT_TRUE(store_->aged(1, false, 1'000, 10)->empty()) << "no key is found before";
  ScanPlace place;
  int calls = 1;
  while (!*store_->index_ages(1, place, 900, 2)) ++calls;
  EXPECT_EQ(calls, 3);
  for (const bool of_history : {false, true}) {
    const auto aged = store_->aged(1, of_history, 103, 10);
    ASSERT_TRUE(aged);
    ASSERT_EQ(aged->size(), 3u);
    EXPECT_EQ(aged->front().key, "key0");
    EXPECT_EQ(aged->front().age_us, 100);
  }
  // It need not be done again, over restarts, until the queue keeps no ages for a while.
  const Copy copy = save(20);
  restart(copy);
  write(set("new", "v", 300), 21, 1, true);
  ScanPlace again;
  EXPECT_TRUE(*store_->index_ages(1, again, 900, 1));
  EXPECT_EQ(store_->aged(1, false, 1'000, 10)->size(), 6u);
  write(set("newer", "v", 400), 22, 1, false);
  EXPECT_FALSE(*store_->index_ages(1, again, 900, 1));
}

TEST_P(AStateStore, AnIndexedKeyThatChangesMeanwhileIsNotOld) {
  open();
  for (const char* key : {"a", "b", "c"}) write(set(key, "v", 100), 1, 1, false);
  ScanPlace place;
  EXPECT_FALSE(*store_->index_ages(1, place, 900, 1));
  write(set("a", "v", 500), 2, 1, true);
  write(set("c", "v", 500), 3, 1, true);
  while (!*store_->index_ages(1, place, 900, 1)) {
  }
  const auto aged = store_->aged(1, false, 400, 10);
  ASSERT_TRUE(aged);
  ASSERT_EQ(aged->size(), 1u);
  EXPECT_EQ(aged->front().key, "b");
}

TEST_P(AStateStore, AQueueThatIsGoneLeavesNothing) {
  open();
  write(set("a", "1", 5), 1, 1, true);
  write(set("a", "2", 5), 2, 2, true);
  write(set("a", "3", 5), 3, 0xffffffff, true);
  ASSERT_TRUE(store_->clear_others({2}));
  EXPECT_EQ(value("a", 1), "-");
  EXPECT_EQ(value("a", 2), "2");
  EXPECT_EQ(value("a", 0xffffffff), "-");
  ASSERT_TRUE(store_->clear(2));
  EXPECT_EQ(value("a", 2), "-");
  EXPECT_TRUE(store_->aged(2, false, 10, 1)->empty());
}

INSTANTIATE_TEST_SUITE_P(Tables, AStateStore, ::testing::Values(Kind::memory, Kind::rocks),
                         [](const auto& one) {
                           return one.param == Kind::memory ? "memory" : "rocks";
                         });

// ---- What only a disk can do ----

class OnDisk : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(const std::string& name = {}) const {
    return directory_.path() / "state" / name;
  }
  std::unique_ptr<StateStore> make(logs::Opener opener = logs::Opener::writer) {
    return std::make_unique<StateStore>(make_rocks_table(path(), opener));
  }
  /// Leaves a copy of record 4 with 2,000 keys.
  Copy leave_copy() {
    auto store = make();
    EXPECT_TRUE(store->open(std::nullopt));
    StateWrite write{1, 4, false, {}};
    for (int i = 0; i < 2'000; ++i) write.keys.push_back(set(std::to_string(i), "v"));
    EXPECT_TRUE(store->write(write));
    const auto saved = store->save(4, 9);
    EXPECT_TRUE(saved);
    return saved ? *saved : Copy{};
  }
  std::filesystem::path a_table() {
    for (const auto& file : std::filesystem::directory_iterator(path("00000000000000000004"))) {
      if (file.path().extension() == ".sst") return file.path();
    }
    ADD_FAILURE() << "there is no table";
    return {};
  }

  journal::TemporaryDirectory directory_;
};

TEST_F(OnDisk, AnUnfinishedCopyIsRemoved) {
  const Copy copy = leave_copy();
  std::filesystem::create_directory(path("00000000000000000005.tmp"));
  std::filesystem::create_directory(path("00000000000000000005.tmp.tmp"));
  auto store = make();
  ASSERT_TRUE(store->open(copy));
  EXPECT_FALSE(std::filesystem::exists(path("00000000000000000005.tmp")));
  EXPECT_FALSE(std::filesystem::exists(path("00000000000000000005.tmp.tmp")));
}

TEST_F(OnDisk, AReaderChangesNothing) {
  const Copy copy = leave_copy();
  for (const auto& entry : std::filesystem::directory_iterator(path())) {
    if (entry.path().filename().string().starts_with("live")) remove_all(entry.path());
  }
  const auto files = [&] {
    std::map<std::string, std::uintmax_t> all;
    for (const auto& file : std::filesystem::recursive_directory_iterator(path())) {
      all[file.path().string()] = file.is_regular_file() ? file.file_size() : 0;
    }
    return all;
  };
  const auto before = files();
  auto store = make(logs::Opener::reader);
  ASSERT_TRUE(store->open(copy));
  EXPECT_EQ(**store->value(1, "17"), "v");
  store.reset();
  EXPECT_EQ(files(), before);
}

TEST_F(OnDisk, AMissingFileIsFound) {
  const Copy copy = leave_copy();
  std::filesystem::remove(a_table());
  auto store = make();
  const auto opened = store->open(copy);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << opened.error().message;
}

TEST_F(OnDisk, AnInvertedByteOfAValueIsFound) {
  const Copy copy = leave_copy();
  {
    std::fstream file(a_table(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(40);
    const char byte = static_cast<char>(file.get());
    file.seekp(40);
    file.put(static_cast<char>(~byte));
  }
  auto store = make();
  Result<void> read = store->open(copy);
  ScanPlace place;
  while (read && !place.is_end) {
    const auto pieces = store->scan(1, place, 1u << 20);
    if (!pieces) read = pieces.error();
  }
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::corrupt) << read.error().message;
}

TEST_F(OnDisk, ATruncatedFileIsFound) {
  const Copy copy = leave_copy();
  const auto table = a_table();
  std::filesystem::resize_file(table, std::filesystem::file_size(table) / 2);
  auto store = make();
  const auto opened = store->open(copy);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt) << opened.error().message;
}

}  // namespace
}  // namespace millrace::states
