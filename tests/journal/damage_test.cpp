// Promises of recovery about damaged segments: confirmed data that fails its check refuses the
// start, with file and offset; no file is changed; no damaged record is visited. Every byte is
// flipped, and the file is cut to every length.
#include <algorithm>

#include <gtest/gtest.h>

#include "actors/journal/format/format.hpp"
#include "actors/journal/journal.hpp"
#include "actors/journal/write/group.hpp"
#include "tests/journal/faulty_file_system.hpp"
#include "tests/journal/journal_fixture.hpp"

namespace millrace::journal {
namespace {

constexpr std::size_t record_count = 20;

class Damage : public ::testing::Test {
 protected:
  /// A log of one segment: header block, a block of records, a block with the mark of the end.
  void SetUp() override {
    RecordingListener listener;
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
    ASSERT_OK(opened);
    std::vector<std::shared_ptr<Proposal>> proposals;
    for (Lsn lsn = 1; lsn <= record_count; ++lsn) {
      proposals.push_back(make_proposal(body_of(lsn, 100)));
    }
    ASSERT_OK(opened->journal->append(proposals));
    opened->journal->stop();
    records_ = listener.records();
    ASSERT_EQ(records_.size(), record_count);
    ASSERT_EQ(segment_of(records_.front().place), 1u);
    ASSERT_LT(offset_of(records_.back().place), 2 * block_bytes);
  }

  Result<Contents> read() {
    Result<DataDirectory> directory = DataDirectory::open(files_, "/data", Opener::reader);
    if (!directory) return directory.error();
    return read_all(*directory);
  }

  /// Offset behind the last record's frame.
  [[nodiscard]] std::uint64_t records_end() const {
    return offset_of(records_.back().place) + frame_bytes(records_.back().body.size());
  }

  const FileSystem::Path segment_ = "/data/segments/0000000001.seg";
  FaultyFileSystem files_;
  std::vector<Record> records_;
};

TEST_F(Damage, IsDetectedWhereverAByteIsFlipped) {
  const std::string intact = files_.contents(segment_);
  for (std::uint64_t at = 0; at < intact.size(); ++at) {
    // Behind the mark, bytes are only searched for witnesses: every 61st offset suffices.
    if (at > 3 * block_bytes && at % 61 != 0) continue;
    files_.flip(segment_, at, static_cast<unsigned char>(1U << (at % 8)));
    const std::string damaged = files_.contents(segment_);
    const Result<Contents> found = read();
    // Padding has no meaning, and a damaged mark leaves all records intact.
    const bool in_header = at < segment_header_bytes;
    const bool in_records = at >= block_bytes && at < align_down(records_end(), frame_align);
    if (in_header || in_records) {
      const bool padding = in_records && found.has_value();
      if (padding) {
        EXPECT_EQ(found->records, records_) << "offset " << at;
        EXPECT_TRUE(std::none_of(records_.begin(), records_.end(),
                                 [&](const Record& record) {
                                   return at >= offset_of(record.place) &&
                                          at < offset_of(record.place) + frame_header_bytes +
                                                   record.body.size();
                                 }))
            << "offset " << at;
      } else {
        ASSERT_FALSE(found) << "offset " << at;
        EXPECT_EQ(found.error().code, ErrorCode::corrupt) << "offset " << at;
        EXPECT_NE(found.error().message.find("/data/segments"), std::string::npos);
      }
    } else {
      ASSERT_TRUE(found) << "offset " << at << ": " << found.error().message;
      EXPECT_EQ(found->records, records_) << "offset " << at;
    }
    EXPECT_EQ(files_.contents(segment_), damaged) << "reading changed the file";
    files_.flip(segment_, at, static_cast<unsigned char>(1U << (at % 8)));
    if (HasFailure()) return;
  }
}

TEST_F(Damage, NamesFileOffsetAndRecord) {
  files_.flip(segment_, offset_of(records_[6].place) + frame_header_bytes, 1);
  const Result<Contents> found = read();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt);
  EXPECT_NE(found.error().message.find(segment_.string() + ": offset " +
                                       std::to_string(offset_of(records_[6].place)) +
                                       ": expected record 7"),
            std::string::npos)
      << found.error().message;
}

TEST_F(Damage, IsDetectedWhereverAFileIsCut) {
  const std::string intact = files_.contents(segment_);
  for (std::size_t length = 0; length < intact.size(); ++length) {
    // Behind the mark, cuts inside a block do not differ from those tried before.
    if (length > 3 * block_bytes && length % 512 != 0) continue;
    files_.set_contents(segment_, intact.substr(0, length));
    const Result<Contents> found = read();
    ASSERT_FALSE(found) << "cut to " << length;
    ASSERT_EQ(found.error().code, ErrorCode::corrupt) << "cut to " << length;
  }
}

TEST_F(Damage, WithoutAWitnessEndsTheLogThere) {
  // As if the process was killed before it wrote the mark: no witness for the last group.
  std::string bytes = files_.contents(segment_);
  bytes.replace(2 * block_bytes, block_bytes, block_bytes, '\0');
  files_.set_contents(segment_, bytes);
  files_.set_contents("/data/format", "millrace data directory, format 1\n");  // no durable point
  files_.flip(segment_, offset_of(records_[6].place) + 50, 1);
  const Result<Contents> found = read();
  ASSERT_OK(found);
  EXPECT_EQ(found->records, std::vector<Record>(records_.begin(), records_.begin() + 6));
}

TEST_F(Damage, IsDetectedIfACheckpointIsTheOnlyWitness) {
  RecordingListener listener;
  {
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
    ASSERT_OK(opened);
    ASSERT_OK(opened->journal->append(make_proposal("the 21st")));
    ASSERT_TRUE(listener.wait_for(1));
    ASSERT_OK(opened->journal->write_checkpoint(
        3, [](CheckpointWriter& writer) { return writer.add(1, "state"); }));
  }
  const DataDirectory directory = *DataDirectory::open(files_, "/data", Opener::reader);
  const Place last = listener.records().front().place;
  const FileSystem::Path path = directory.segment_path(segment_of(last));
  std::string bytes = files_.contents(path);
  bytes.resize(offset_of(last));
  bytes.resize(small_options().segment_bytes);  // the record and everything behind it become zeros
  files_.set_contents(path, bytes);
  const Result<Contents> found = read();
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt);
  EXPECT_NE(found.error().message.find("checkpoint"), std::string::npos) << found.error().message;
}

TEST_F(Damage, OfAMissingSegmentIsDetected) {
  RecordingListener listener;
  {
    Result<Opened> opened = open_journal(files_, "/data", small_options(), listener);
    ASSERT_OK(opened);
    for (Lsn lsn = 1; lsn <= 900; ++lsn) {
      ASSERT_OK(opened->journal->append(make_proposal(body_of(lsn))));
    }
    opened->journal->stop();
    ASSERT_GT(opened->journal->stats().segments, 3u);
  }
  const Result<Contents> whole = read();
  ASSERT_OK(whole);
  const std::vector<SegmentInfo>& live = whole->recovered.end.live;
  for (std::size_t i = 0; i + 1 < live.size(); ++i) {
    DataDirectory directory = *DataDirectory::open(files_, "/data", Opener::reader);
    const FileSystem::Path path = directory.segment_path(live[i].number);
    const std::string bytes = files_.contents(path);
    ASSERT_OK(files_.remove(path));
    const Result<Contents> found = read();
    ASSERT_FALSE(found) << "without segment " << live[i].number;
    EXPECT_EQ(found.error().code, ErrorCode::corrupt);
    files_.set_contents(path, bytes);
  }
}

}  // namespace
}  // namespace millrace::journal
