// Promise of recovery about groups in flight at a crash: in whatever order and parts they reached
// the disk, the recovered log is a prefix of the written records and contains every confirmed one,
// also over many crashes. Single-threaded and seeded; a failure prints the seed.
#include <algorithm>
#include <deque>
#include <random>

#include <gtest/gtest.h>

#include "actors/journal/read/log_scan.hpp"
#include "actors/journal/write/group.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

constexpr std::uint64_t segment_size = 64U << 10;

/// Group commit without threads: the seed decides which write ends next, and when a crash occurs.
class TornLog {
 public:
  explicit TornLog(std::uint64_t seed) : random_(seed) {}

  void run(int runs) {
    for (int i = 0; i < runs && !::testing::Test::HasFatalFailure(); ++i) run_until_crash(i);
  }

 private:
  /// A group in flight.
  struct Flight {
    Group group;
    std::vector<std::string> bodies;  ///< of its records, which encoding empties
    bool is_durable = false;
  };

  void run_until_crash(int run_number) {
    Result<DataDirectory> directory = DataDirectory::open(files_, "/data", Opener::writer);
    ASSERT_OK(directory);
    Result<Contents> contents = read_all(*directory);
    ASSERT_OK(contents);
    check(contents->records);
    if (::testing::Test::HasFatalFailure()) return;
    directory_ = &*directory;
    next_segment_ = contents->recovered.end.last_number + 1;
    LogTail tail{contents->recovered.end.last_lsn};
    durable_ = contents->recovered.end.last_lsn;
    flights_.clear();
    const std::uint64_t steps = random_() % 40;
    for (std::uint64_t step = 0; step < steps; ++step) {
      if (flights_.size() < 3 && random_() % 2 == 0) {
        begin_group(tail, run_number);
      } else if (!flights_.empty()) {
        end_group(flights_[random_() % flights_.size()]);
      }
    }
    files_.crash(random_);
  }

  void begin_group(LogTail& tail, int run_number) {
    Flight& flight = flights_.emplace_back();
    std::uint64_t bytes = 0;
    // A group without records is a mark, which is only written if no other group is in flight.
    const std::uint64_t records = flights_.size() == 1 ? random_() % 12 : 1 + random_() % 12;
    for (std::uint64_t i = 0; i < records; ++i) {
      std::string body = std::to_string(run_number) + "/" + std::to_string(random_()) +
                         std::string(random_() % 3000, 'x');
      bytes += frame_bytes(body.size());
      flight.bodies.push_back(body);
      possible_.push_back(body);
      flight.group.records.push_back({0, Place{}, make_proposal(std::move(body))});
    }
    if (records == 0) bytes = frame_bytes(0);
    flight.group.durable = durable_;
    if (tail.room() < bytes) open_segment(tail);
    tail.place(flight.group, bytes);
    AlignedBuffer buffer;
    const EncodedGroup encoded = encode_group(flight.group, buffer);
    EXPECT_OK(flight.group.file->write(encoded.offset, encoded.bytes));
  }

  void open_segment(LogTail& tail) {
    const FileSystem::Path path = directory_->segment_path(next_segment_);
    std::string stale(segment_size, '\0');
    // A recycled segment holds bytes of its earlier use.
    if (!recycled_.empty() && random_() % 2 == 0) stale = recycled_;
    files_.set_contents(path, stale);
    auto file = files_.open(path, OpenMode::write, Access::direct);
    ASSERT_OK(file);
    if (tail.segment() != 0) recycled_ = files_.contents(directory_->segment_path(tail.segment()));
    tail.open({next_segment_++, segment_size, *std::move(file)});
  }

  /// Ends the group's write, possibly before that of an earlier group, and confirms the groups at
  /// the front that are durable.
  void end_group(Flight& flight) {
    // A sync, like fdatasync, covers the whole file, so other groups may become durable as well.
    if (random_() % 4 == 0) {
      EXPECT_OK(flight.group.file->sync());
    } else {
      AlignedBuffer again;
      rewrite_durably(flight, again);
    }
    flight.is_durable = true;
    while (!flights_.empty() && flights_.front().is_durable) {
      durable_ = flights_.front().group.last_lsn();
      flights_.pop_front();
    }
  }

  /// Writes the group's bytes again, durably, and no other group's.
  static void rewrite_durably(Flight& flight, AlignedBuffer& buffer) {
    for (std::size_t i = 0; i < flight.bodies.size(); ++i) {
      flight.group.records[i].proposal->body = flight.bodies[i];
    }
    const EncodedGroup encoded = encode_group(flight.group, buffer);
    EXPECT_OK(flight.group.file->write_durable(encoded.offset, encoded.bytes));
  }

  void check(const std::vector<Record>& records) {
    ASSERT_GE(records.size(), durable_) << "a confirmed record is lost";
    ASSERT_LE(records.size(), possible_.size());
    for (std::size_t i = 0; i < records.size(); ++i) {
      ASSERT_EQ(records[i].lsn, i + 1);
      ASSERT_EQ(records[i].body, possible_[i]) << "record " << i + 1;
    }
    possible_.resize(records.size());
  }

  std::mt19937_64 random_;
  FaultyFileSystem files_;
  DataDirectory* directory_ = nullptr;
  SegmentNumber next_segment_ = 1;
  std::deque<Flight> flights_;
  std::vector<std::string> possible_;  ///< bodies that recovery may find, in log order
  std::string recycled_;               ///< contents of a former segment
  Lsn durable_ = 0;                    ///< last confirmed record
};

TEST(TornGroups, NeverLeaveAGapOrLoseAConfirmedRecord) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    TornLog{seed}.run(10);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace millrace::journal
