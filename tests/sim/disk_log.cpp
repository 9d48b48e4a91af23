#include "tests/sim/disk_log.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace millrace {
namespace {

files::FileSystem::Path directory_path(std::uint64_t copies) {
  return "node-" + std::to_string(copies);
}

constexpr std::size_t records_per_write = 64;  // of a copy

class Body final : public logs::Proposal {
 public:
  explicit Body(std::string text) { body = std::move(text); }
};

// One group at a time and no marks, so that the written bytes depend on the calls only.
journal::Options options() {
  journal::Options options;
  options.segment_bytes = 256u << 10;
  options.record_bytes_max = (256u << 10) - 8192;
  options.groups_max = 1;
  options.group_bytes_max = 8u << 10;
  options.reserve_segments = options.ready_segments_max = 2;
  options.free_bytes_min = 0;
  options.idle_mark_after = std::chrono::hours(24);
  return options;
}

}  // namespace

DiskLog::DiskLog(std::uint64_t seed) : options_(options()), random_(seed) {
  files_.set_fault([this](const journal::Operation& /*operation*/) { return on_operation(); });
}

DiskLog::~DiskLog() {
  crash();
}

void DiskLog::crash() {
  MemoryLog::crash();
  if (!journal_) return;
  {
    const std::lock_guard lock(mutex_);
    armed_.reset();
  }
  if (random_() % 2 == 0) {
    files_.crash(random_);
  } else {
    files_.kill();
  }
  journal_.reset();
}

Result<void> DiskLog::reopen() {
  if (is_faulty_ && random_() % 4 == 0) arm(true, 12);
  Result<void> opened = open();
  {
    const std::lock_guard lock(mutex_);
    armed_.reset();
  }
  if (!opened) {
    if (!is_faulty_) violation_ = "does not recover: " + opened.error().message;
    files_.kill();
    journal_.reset();
  }
  return opened;
}

void DiskLog::put_back(std::vector<std::string> records) {
  ++directories_;
  records_.clear();
  const bool was_faulty = std::exchange(is_faulty_, false);
  bool is_whole = open().has_value();
  for (std::size_t i = 0; is_whole && i < records.size(); i += records_per_write) {
    const auto part =
        std::span(records).subspan(i, std::min(records_per_write, records.size() - i));
    is_whole = write(part) == part.size();
  }
  if (!is_whole) violation_ = "a copy cannot be written";
  is_faulty_ = was_faulty;
  MemoryLog::put_back(std::move(records));
  files_.kill();
  journal_.reset();
}

Result<void> DiskLog::open() {
  auto directory =
      journal::DataDirectory::open(files_, directory_path(directories_), logs::Opener::writer);
  if (!directory) return directory.error();
  std::vector<std::string> found;
  const auto recovered = journal::recover(
      *directory, [](logs::Section, std::string_view) { return Result<void>{}; },
      [&found](const logs::Frame& frame) {
        found.emplace_back(frame.body);
        return Result<void>{};
      });
  if (!recovered) {
    if (recovered.error().code == ErrorCode::corrupt) violation_ = recovered.error().message;
    return recovered.error();
  }
  {
    const std::lock_guard lock(mutex_);
    is_failed_ = false;
  }
  auto started = journal::Journal::start(std::move(*directory), *recovered, options_, *this);
  if (!started) return started.error();
  journal_ = std::move(*started);
  superseded_ = recovered->end.superseded.size();
  settle();
  compare(found);
  records_ = std::move(found);
  return {};
}

// The log may hold unconfirmed records that were being written at the crash.
void DiskLog::compare(const std::vector<std::string>& found) {
  const auto differs = std::mismatch(records_.begin(), records_.end(), found.begin(), found.end());
  if (differs.first == records_.end()) return;
  violation_ = "record " + std::to_string(differs.first - records_.begin() + 1) + " of " +
               std::to_string(records_.size()) + " that were confirmed is " +
               (differs.second == found.end() ? "lost" : "another");
}

std::size_t DiskLog::write(std::span<const std::string> bodies) {
  std::vector<std::shared_ptr<logs::Proposal>> proposals;
  for (const std::string& body : bodies) proposals.push_back(std::make_shared<Body>(body));
  if (is_faulty_ && random_() % 40 == 0 && has_room_for(bodies)) arm(false, 6);
  {
    const std::lock_guard lock(mutex_);
    committed_ = 0;
  }
  if (!journal_->append(proposals)) return 0;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return is_failed_ || committed_ == bodies.size(); });
  armed_.reset();
  if (is_failed_) return committed_;
  lock.unlock();
  superseded_ = 0;
  settle();
  return bodies.size();
}

// A write that opens the next segment wakes the thread that prepares segments. A fault would hit
// that thread at a point that the seed does not determine.
bool DiskLog::has_room_for(std::span<const std::string> bodies) const {
  std::uint64_t bytes = 64u << 10;
  for (const std::string& body : bodies) bytes += 2 * body.size();
  const logs::LogStats stats = journal_->stats();
  return stats.room_bytes >= stats.segments_ready * options_.segment_bytes + bytes;
}

// Waits until the thread that prepares segments is idle.
void DiskLog::settle() const {
  while (true) {
    const logs::LogStats stats = journal_->stats();
    const auto files = files_.list(directory_path(directories_) / "segments");
    const bool is_tidy =
        files && files->size() == stats.segments + stats.segments_ready + superseded_;
    if (is_tidy && stats.segments_ready >= options_.reserve_segments) return;
    std::this_thread::yield();
  }
}

void DiskLog::arm(bool is_for_this_thread, std::uint64_t operations_max) {
  const std::lock_guard lock(mutex_);
  armed_ = Armed{.fault = random_() % 2 == 0 ? Fault::refusal : Fault::power_cut,
                 .operations = random_() % operations_max,
                 .is_for_this_thread = is_for_this_thread};
}

std::optional<Error> DiskLog::on_operation() {
  const bool is_this_thread = std::this_thread::get_id() == simulation_;
  const std::lock_guard lock(mutex_);
  if (!armed_ || armed_->is_for_this_thread != is_this_thread) return std::nullopt;
  if (armed_->operations-- > 0) return std::nullopt;
  const Fault fault = armed_->fault;
  armed_.reset();
  ++faults_;
  if (fault == Fault::power_cut) files_.crash(random_);
  return Error{ErrorCode::storage_failed, "the disk refused"};
}

void DiskLog::on_committed(std::span<logs::Committed> group) {
  const std::lock_guard lock(mutex_);
  committed_ += group.size();
  changed_.notify_all();
}

void DiskLog::on_failed(const Error& /*error*/) {
  const std::lock_guard lock(mutex_);
  is_failed_ = true;
  changed_.notify_all();
}

}  // namespace millrace
