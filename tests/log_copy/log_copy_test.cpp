// Promises of copies of logs between engines: the target has every record of the source under its number,
// and the checkpoint with the places of the target; nobody starts on the source afterwards; a copy that
// was interrupted is no log, and can be made again.
#include "actors/store/log_copy.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "actors/state_store/rocks_table.hpp"
#include "cluster/node/incarnation.hpp"
#include "cluster/node/log_move.hpp"
#include "messages/snapshot.pb.h"
#include "tests/log/log_contract.hpp"
#include "tests/log_copy/copy_place.hpp"

namespace millrace::logs {
namespace {

using cluster::move_log;

std::shared_ptr<Engine> engine_of(const engines::AnyLog& log) {
  return std::visit([](const auto& options) { return engines::make_engine(options); }, log);
}

// Empty: the log is not in a directory.
std::optional<std::filesystem::path> directory_of(const engines::AnyLog& log) {
  const auto* journal = std::get_if<engines::LogOptions>(&log);
  if (journal == nullptr) return std::nullopt;
  return journal->data_dir;
}

std::unique_ptr<Process> start(const engines::AnyLog& log) {
  auto process = std::make_unique<Process>();
  // As a node does before it opens its log.
  if (const auto directory = directory_of(log)) {
    EXPECT_OK(cluster::next_incarnation(*directory, 1));
  }
  process->engine = engine_of(log);
  auto opened = process->engine->open(Opener::writer);
  EXPECT_OK(opened);
  if (!opened) return nullptr;
  auto contents = recover_all(**opened);
  EXPECT_OK(contents);
  process->contents = *std::move(contents);
  auto started = (*opened)->start(process->listener);
  EXPECT_OK(started);
  process->log = *std::move(started);
  return process;
}

ErrorCode refusal(const engines::AnyLog& log, Opener opener = Opener::writer) {
  const auto opened = engine_of(log)->open(opener);
  EXPECT_FALSE(opened) << "it was opened";
  return opened ? ErrorCode::invalid_argument : opened.error().code;
}

// A part of a checkpoint with messages whose bodies lie in `records`.
std::string messages_in(const std::vector<Record>& records) {
  pb::SnapshotPart part;
  pb::MessageColumns& columns = *part.mutable_messages();
  std::uint64_t before = 0;
  for (const Record& record : records) {
    const auto place = static_cast<std::uint64_t>(record.place);
    columns.add_place_step(static_cast<std::int64_t>(place - before));
    columns.add_sequence_step(1);
    columns.add_index(7);
    columns.add_bytes(static_cast<std::uint32_t>(record.body.size()));
    columns.add_flags(0);
    before = place;
  }
  return part.SerializeAsString();
}

std::string other_part() {
  pb::SnapshotPart part;
  part.mutable_keyed()->add_key()->set_key("key");
  return part.SerializeAsString();
}

std::string head_part() {
  pb::SnapshotPart part;
  part.mutable_head()->mutable_declaration()->set_number(1);
  part.mutable_head()->set_last(3);
  return part.SerializeAsString();
}

// What a checkpoint says of places, in its order.
std::vector<Place> places_in(const Contents& contents) {
  std::vector<Place> places;
  for (const auto& [section, bytes] : contents.entries) {
    pb::SnapshotPart part;
    EXPECT_TRUE(part.ParseFromString(bytes));
    std::uint64_t place = 0;
    for (const std::int64_t step : part.messages().place_step()) {
      place += static_cast<std::uint64_t>(step);
      places.push_back(Place{place});
    }
  }
  return places;
}

class LogCopy : public ::testing::TestWithParam<std::tuple<NamedPlace, NamedPlace>> {
 protected:
  static constexpr Lsn replay_from = 401;

  LogCopy() : source_(std::get<0>(GetParam()).make()), target_(std::get<1>(GetParam()).make()) {}

  // Writes a log whose beginning is released, with a checkpoint that names some of its records, not in
  // their order, and some twice.
  void write_source() {
    auto process = start(source_->log());
    ASSERT_TRUE(process);
    process->append_numbers(1, 200, 2'000);
    ASSERT_TRUE(process->listener.await_records(200));
    for (std::uint64_t number = 201; number <= 400; ++number) {
      ASSERT_OK(process->log->append(
          propose(body_of(number, 2'000), static_cast<std::uint32_t>(number % 5))));
    }
    ASSERT_TRUE(process->listener.await_records(400));
    const std::vector<Record> records = process->listener.records();
    for (std::size_t i = 200; i < 400; i += 17) named_.push_back(records[i]);
    named_.push_back(records[399]);
    named_.push_back(records[250]);
    named_.push_back(records[250]);
    ASSERT_OK(
        process->log->write_checkpoint(replay_from, [&](CheckpointWriter& out) -> Result<void> {
          for (const std::string& part : {head_part(), messages_in(named_), other_part(),
                                          messages_in({named_[3], named_[1]})}) {
            if (auto added = out.add(5, part); !added) return added;
          }
          return {};
        }));
    named_.push_back(named_[3]);
    named_.push_back(named_[1]);
    process->log->release_before(segment_of(records[199].place));
    process->append_numbers(401, 450, 2'000);
    ASSERT_OK(process->append(std::string(30U << 10, 'x')));
    ASSERT_TRUE(process->listener.await_records(451));
    process->log->stop();
    process.reset();
    // What the log has now, places included.
    const auto engine = engine_of(source_->log());
    auto opened = engine->open(Opener::reader);
    ASSERT_OK(opened);
    auto contents = recover_all(**opened);
    ASSERT_OK(contents);
    before_ = *std::move(contents);
  }

  // The target has all of the source.
  void expect_copied() {
    const auto engine = engine_of(target_->log());
    auto opened = engine->open(Opener::reader);
    ASSERT_OK(opened);
    auto contents = recover_all(**opened);
    ASSERT_OK(contents);
    EXPECT_EQ(contents->recovered.last_lsn, 451u);
    EXPECT_EQ(contents->recovered.replay_from, replay_from);
    EXPECT_TRUE(contents->recovered.has_checkpoint);
    ASSERT_EQ(contents->records.size(), before_.records.size());
    for (std::size_t i = 0; i < before_.records.size(); ++i) {
      EXPECT_EQ(contents->records[i].lsn, before_.records[i].lsn);
      EXPECT_EQ(contents->records[i].shard, before_.records[i].shard);
      EXPECT_EQ(contents->records[i].body, before_.records[i].body);
    }
    ASSERT_EQ(contents->entries.size(), 4u);
    EXPECT_EQ(contents->entries[0], std::pair(Section{5}, head_part()));
    EXPECT_EQ(contents->entries[2], std::pair(Section{5}, other_part()));
    const std::vector<Place> places = places_in(*contents);
    ASSERT_EQ(places.size(), named_.size());
    std::size_t visited = 0;
    EXPECT_OK((*opened)->read(places, [&](std::size_t i, const Frame& frame) -> Result<void> {
      ++visited;
      EXPECT_EQ(frame.lsn, named_[i].lsn);
      EXPECT_EQ(frame.shard, named_[i].shard);
      EXPECT_EQ(frame.body, named_[i].body);
      return {};
    }));
    EXPECT_EQ(visited, named_.size());
  }

  const std::unique_ptr<CopyPlace> source_;
  const std::unique_ptr<CopyPlace> target_;
  std::vector<Record> named_;  ///< by the checkpoint, in its order
  Contents before_;            ///< of the source
};

TEST_P(LogCopy, KeepsRecordsAndCheckpoint) {
  write_source();
  const auto copied = move_log(source_->log(), target_->log());
  ASSERT_OK(copied);
  EXPECT_EQ(copied->last_lsn, 451u);
  EXPECT_GT(copied->first_lsn, 1u) << "the beginning was released";
  EXPECT_LE(copied->first_lsn, 201u);
  EXPECT_EQ(copied->records, 451u - copied->first_lsn + 1);
  EXPECT_EQ(copied->messages, named_.size());
  expect_copied();
}

TEST_P(LogCopy, IsALogThatGoesOn) {
  write_source();
  ASSERT_OK(move_log(source_->log(), target_->log()));
  for (Lsn last : {Lsn{451}, Lsn{551}}) {
    auto process = start(target_->log());
    ASSERT_TRUE(process);
    EXPECT_EQ(process->contents.recovered.last_lsn, last);
    process->append_numbers(1, 100, 2'000);
    ASSERT_TRUE(process->listener.await_records(100));
    EXPECT_EQ(process->listener.records().front().lsn, last + 1);
    EXPECT_EQ(*process->log->read(process->contents.records.front().place),
              before_.records.front().body);
    process->log->stop();
  }
}

TEST_P(LogCopy, LeavesASourceOnWhichNobodyStarts) {
  write_source();
  ASSERT_OK(move_log(source_->log(), target_->log()));
  EXPECT_EQ(refusal(source_->log()), ErrorCode::outdated);
  const auto again = move_log(source_->log(), target_->log());
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::outdated) << again.error().message;
  const auto third = std::get<1>(GetParam()).make();
  const auto elsewhere = move_log(source_->log(), third->log());
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, ErrorCode::outdated) << elsewhere.error().message;
  // It can be looked at.
  const auto engine = engine_of(source_->log());
  auto opened = engine->open(Opener::reader);
  ASSERT_OK(opened);
  EXPECT_OK(recover_all(**opened));
}

TEST_P(LogCopy, RefusesATargetThatHasALog) {
  write_source();
  auto process = start(target_->log());
  ASSERT_TRUE(process);
  process->write(1, 100);
  process->log->stop();
  process.reset();
  const auto refused = move_log(source_->log(), target_->log());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::foreign_file) << refused.error().message;
  process = start(source_->log());
  ASSERT_TRUE(process) << "the source is as it was";
  process->log->stop();
}

TEST_P(LogCopy, RefusesASourceThatIsInUseOrMissing) {
  const auto missing = move_log(source_->log(), target_->log());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found) << missing.error().message;
  engines::AnyLog in_use = source_->log();
  if (auto* const postgres = std::get_if<postgres_log::Options>(&in_use)) {
    postgres->lease = std::chrono::milliseconds(60'000);
    postgres->holder = "another one";
  }
  auto process = start(in_use);
  ASSERT_TRUE(process);
  process->write(1, 100);
  const auto locked = move_log(source_->log(), target_->log());
  ASSERT_FALSE(locked);
  EXPECT_EQ(locked.error().code, ErrorCode::storage_locked) << locked.error().message;
  process->write(1, 100);
  EXPECT_FALSE(process->listener.failed());
  process->log->stop();
  const auto same = move_log(source_->log(), source_->log());
  ASSERT_FALSE(same);
  EXPECT_EQ(same.error().code, ErrorCode::invalid_argument) << same.error().message;
}

TEST_P(LogCopy, ThatEndsBeforeTheSourceIsGivenUpChangesNothing) {
  write_source();
  {
    const std::string where = *engines::where(target_->log());
    auto source = engines::open_copy_source(source_->log(), where);
    ASSERT_OK(source);
    auto target = engines::open_copy_target(target_->log(), 1);
    ASSERT_OK(target);
    ASSERT_OK(copy_log(*source->log, **target, nullptr));
  }
  EXPECT_EQ(refusal(target_->log(), Opener::reader), ErrorCode::not_found);
  auto process = start(source_->log());
  ASSERT_TRUE(process);
  EXPECT_EQ(process->contents.recovered.last_lsn, 451u);
  process->log->stop();
  process.reset();
  ASSERT_OK(move_log(source_->log(), target_->log()));
  expect_copied();
}

TEST_P(LogCopy, ThatEndsBeforeItIsCompleteIsMadeAgain) {
  write_source();
  {
    const std::string where = *engines::where(target_->log());
    auto source = engines::open_copy_source(source_->log(), where);
    ASSERT_OK(source);
    auto target = engines::open_copy_target(target_->log(), 1);
    ASSERT_OK(target);
    ASSERT_OK(copy_log(*source->log, **target, nullptr));
    ASSERT_OK(source->log->give_up(where));
  }
  EXPECT_EQ(refusal(source_->log()), ErrorCode::outdated);
  EXPECT_EQ(refusal(target_->log(), Opener::reader), ErrorCode::not_found);
  const auto third = std::get<1>(GetParam()).make();
  const auto elsewhere = move_log(source_->log(), third->log());
  ASSERT_FALSE(elsewhere);
  EXPECT_EQ(elsewhere.error().code, ErrorCode::outdated);
  ASSERT_OK(move_log(source_->log(), target_->log()));
  expect_copied();
  EXPECT_EQ(refusal(source_->log()), ErrorCode::outdated);
}

TEST_P(LogCopy, KeepsTheNodeWhatItWas) {
  write_source();
  constexpr std::uint64_t late =
      9'000'000'000'000'000;  // the clock was wrong when the node started
  const auto from = directory_of(source_->log());
  if (from) ASSERT_OK(cluster::confirm_directory(*from, late));
  ASSERT_OK(move_log(source_->log(), target_->log()));
  std::uint64_t next = 0;
  if (const auto to = directory_of(target_->log())) {
    const auto incarnation = cluster::next_incarnation(*to, 1);
    ASSERT_OK(incarnation);
    EXPECT_FALSE(incarnation->is_copy);
    next = incarnation->number;
  } else {
    const auto engine = engine_of(target_->log());
    auto opened = engine->open(Opener::writer);
    ASSERT_OK(opened);
    next = (*opened)->epoch();
  }
  EXPECT_GT(next, from ? late : std::uint64_t{1'600'000'000'000'000});
}

TEST_P(LogCopy, RefusesACopyThatWasNotCompared) {
  const auto from = directory_of(source_->log());
  if (!from) GTEST_SKIP() << "of data directories";
  write_source();
  ASSERT_OK(cluster::confirm_directory(*from, 5));
  const auto copy = from->parent_path() / "copied";
  std::filesystem::copy(*from, copy, std::filesystem::copy_options::recursive);
  const auto refused = move_log(engines::LogOptions{.data_dir = copy}, target_->log());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::outdated) << refused.error().message;
}

TEST_P(LogCopy, WritesKeyedStatesIntoTheCheckpoint) {
  const auto from = directory_of(source_->log());
  if (!from) GTEST_SKIP() << "of data directories";
  constexpr std::uint32_t queue = 1;
  auto process = start(source_->log());
  ASSERT_TRUE(process);
  process->write(10, 100);
  states::Copy copy;
  {
    states::StateStore store(
        states::make_rocks_table(*from / states::directory_name, Opener::writer));
    ASSERT_OK(store.open(std::nullopt));
    const auto text = [](std::string bytes) {
      return std::make_shared<const std::string>(std::move(bytes));
    };
    queues::StateWrite write{.queue = queue, .lsn = 6, .keeps_ages = true};
    using Value = queues::KeyWrite::Value;
    write.keys.push_back({.key = "a",
                          .next = Value::set,
                          .value = text("1"),
                          .history = {{2, text("x")}, {4, text("y")}, {6, text("z")}},
                          .age_us = 40});
    write.keys.push_back({.key = "b", .next = Value::set, .value = text("2"), .age_us = 50});
    write.keys.push_back(
        {.key = "later", .value = nullptr, .history = {{6, text("w")}}, .age_us = 60});
    ASSERT_OK(store.write(write));
    const auto saved = store.save(5, 77);
    ASSERT_OK(saved);
    copy = *saved;
  }
  ASSERT_OK(process->log->write_checkpoint(6, [&](CheckpointWriter& out) -> Result<void> {
    pb::SnapshotPart named;
    named.mutable_state_copy()->set_number(copy.number);
    named.mutable_state_copy()->set_id(copy.id);
    pb::SnapshotPart head;
    head.mutable_head()->mutable_declaration()->set_number(queue);
    head.mutable_head()->set_stored(true);
    for (const pb::SnapshotPart* part : {&named, &head}) {
      if (auto added = out.add(1, part->SerializeAsString()); !added) return added;
    }
    return {};
  }));
  process->log->stop();
  process.reset();
  ASSERT_OK(move_log(source_->log(), target_->log()));
  const auto engine = engine_of(target_->log());
  auto opened = engine->open(Opener::reader);
  ASSERT_OK(opened);
  const auto contents = recover_all(**opened);
  ASSERT_OK(contents);
  std::map<std::string, pb::KeyedStates::Key> keys;
  bool is_stored = true;
  for (const auto& [section, bytes] : contents->entries) {
    pb::SnapshotPart part;
    ASSERT_TRUE(part.ParseFromString(bytes));
    EXPECT_FALSE(part.has_state_copy());
    if (part.has_head()) is_stored = part.head().stored();
    for (const auto& key : part.keyed().key()) keys[key.key()] = key;
  }
  EXPECT_FALSE(is_stored);
  ASSERT_EQ(keys.size(), 2u);
  EXPECT_EQ(keys["a"].value(), "1");
  EXPECT_EQ(keys["a"].history(), "xy") << "the replay appends what record 6 did";
  EXPECT_EQ(keys["a"].age_us(), 40);
  EXPECT_EQ(keys["b"].value(), "2");
  EXPECT_EQ(keys["b"].history(), "");
}

std::string name_of_pair(
    const ::testing::TestParamInfo<std::tuple<NamedPlace, NamedPlace>>& places) {
  return std::get<0>(places.param).name + "To" + std::get<1>(places.param).name;
}

INSTANTIATE_TEST_SUITE_P(, LogCopy,
                         ::testing::Combine(::testing::ValuesIn(copy_places()),
                                            ::testing::ValuesIn(copy_places())),
                         name_of_pair);

}  // namespace
}  // namespace millrace::logs
