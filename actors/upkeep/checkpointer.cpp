#include "actors/upkeep/checkpointer.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/base/clock.hpp"
#include "actors/queue/snapshot/snapshot.hpp"

namespace millrace {
namespace {

constexpr logs::Section queue_section = 1;

/// A checkpoint that failed for lack of room would fail again with the next group.
constexpr std::chrono::seconds pause_after_failure{1};

std::chrono::steady_clock::rep steady_now() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// The oldest segment with a live message; the largest number if there is none.
logs::SegmentNumber first_needed(const QueueUse& use) {
  logs::SegmentNumber first = std::numeric_limits<logs::SegmentNumber>::max();
  for (const auto& [queue, live] : use) {
    if (!live.empty()) first = std::min(first, live.begin()->first);
  }
  return first;
}

}  // namespace

Checkpointer::Checkpointer(logs::Log& log, NodeActors& actors, const ShardMoves& moves,
                           Compactor& compactor, states::StateKeeper* states,
                           states::CopyFiles* copies, Options options)
    : log_(log),
      actors_(actors),
      moves_(moves),
      compactor_(compactor),
      states_(states),
      copies_(copies),
      options_(options),
      next_after_bytes_(options.log_bytes),
      thread_([this] { run(); }) {}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Checkpointer::on_group(logs::Lsn lsn) {
  if (busy_.load(std::memory_order_relaxed)) return;
  const std::uint64_t due_bytes =
      log_.storage_full() ? options_.full_log_bytes : next_after_bytes_.load();
  if (log_.bytes_since_checkpoint() < due_bytes || steady_now() < not_before_) return;
  begin(lsn);
}

void Checkpointer::on_storage_full(logs::Lsn lsn) {
  if (newest_on_full_disk_ && lsn <= newest_) return;
  // Checkpoints take at most a fifth of the time, unless the reserve is used up.
  const bool is_urgent = log_.storage_exhausted();
  if (steady_now() >= (is_urgent ? not_before_ : pause_until_)) begin(lsn);
}

bool Checkpointer::begin(logs::Lsn lsn) {
  if (busy_.exchange(true)) return false;
  {
    const std::lock_guard lock(mutex_);
    lsn_ = lsn;
    begun_at_ = std::chrono::steady_clock::now();
    asked_.reset();
    taken_ = 0;
    parts_.clear();
    for (const auto& [shard, record] : moves_.records()) {
      pb::SnapshotPart part;
      *part.mutable_shard() = record;
      parts_.push_back(part.SerializeAsString());
    }
    use_.clear();
    error_.reset();
  }
  const std::size_t asked =
      actors_.snapshot(lsn, [this](const queues::State& state) { take(state); });
  {
    const std::lock_guard lock(mutex_);
    asked_ = asked;
  }
  changed_.notify_all();
  return true;
}

void Checkpointer::take(const queues::State& state) {
  std::vector<std::string> parts;
  queues::write_snapshot(state, [&](std::string part) { parts.push_back(std::move(part)); });
  LiveBytes live = live_bytes(state);
  {
    const std::lock_guard lock(mutex_);
    std::move(parts.begin(), parts.end(), std::back_inserter(parts_));
    use_.emplace_back(state.number, std::move(live));
    ++taken_;
  }
  changed_.notify_all();
}

std::optional<Error> Checkpointer::wait_idle() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !busy_; });
  return error_;
}

void Checkpointer::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return stopping_ || (busy_ && asked_ == taken_); });
      if (stopping_) return;
    }
    const bool written = write();
    QueueUse use;
    {
      const std::lock_guard lock(mutex_);
      use.swap(use_);
      parts_.clear();
      parts_.shrink_to_fit();
      asked_.reset();
      busy_ = false;
    }
    changed_.notify_all();
    if (written) compactor_.consider(std::move(use));
  }
}

// The queues have posted the writes of their dirty keys before they were taken.
Result<std::string> Checkpointer::save_states() {
  copy_.reset();
  copy_files_.clear();
  if (states_ == nullptr) return std::string();
  if (!states_->wait()) return Error{ErrorCode::draining, "keyed state is not written any more"};
  auto saved = states_->store().save(lsn_, random_());
  if (!saved) return saved.error();
  copy_ = *saved;
  pb::SnapshotPart part;
  part.mutable_state_copy()->set_number(copy_->number);
  part.mutable_state_copy()->set_id(copy_->id);
  if (copies_ != nullptr) {
    auto put = copies_->put(copy_->number);
    if (!put) return put.error();
    copy_files_ = std::move(*put);
    for (const states::CopyFile& file : copy_files_) {
      pb::StateCopy::File& named = *part.mutable_state_copy()->add_file();
      named.set_name(file.name);
      named.set_number(file.number);
      named.set_bytes(file.bytes);
      named.set_hash(file.hash);
    }
  }
  return part.SerializeAsString();
}

bool Checkpointer::write() {
  const auto states = save_states();
  const auto written =
      log_.write_checkpoint(lsn_ + 1, [&](logs::CheckpointWriter& out) -> Result<void> {
        if (!states) return states.error();
        if (!states->empty()) {
          if (auto added = out.add(queue_section, *states); !added) return added;
        }
        for (const std::string& part : parts_) {
          if (auto added = out.add(queue_section, part); !added) return added;
        }
        return {};
      });
  if (!written) {
    on_failed(written.error());
    return false;
  }
  on_written(written->bytes);
  Result<void> kept;
  if (copy_) kept = states_->store().keep(*copy_);
  if (kept && copies_ != nullptr) kept = copies_->keep(copy_files_);
  if (!kept) spdlog::warn("older copies of keyed state remain: {}", kept.error().message);
  const logs::SegmentNumber needed = first_needed(use_);
  log_.release_before(needed);
  spdlog::debug("checkpoint at record {}: {} bytes, oldest segment with live messages {}", lsn_,
                written->bytes, needed);
  return true;
}

void Checkpointer::on_failed(const Error& error) {
  spdlog::warn("checkpoint at record {} failed, the previous one stays valid: {}", lsn_,
               error.message);
  not_before_ = pause_until_ =
      (std::chrono::steady_clock::now() + pause_after_failure).time_since_epoch().count();
  const std::lock_guard lock(mutex_);
  error_ = error;
  ++stats_.failed;
}

void Checkpointer::on_written(std::uint64_t bytes) {
  next_after_bytes_ = std::max(options_.log_bytes, bytes);
  newest_ = lsn_;
  const auto now = std::chrono::steady_clock::now();
  pause_until_ = (now + 4 * (now - begun_at_)).time_since_epoch().count();
  newest_on_full_disk_ = log_.storage_full();
  const std::lock_guard lock(mutex_);
  ++stats_.written;
  stats_.last_duration_us = to_us(now - begun_at_);
  stats_.duration_us_sum += stats_.last_duration_us;
  stats_.longest_duration_us = std::max(stats_.longest_duration_us, stats_.last_duration_us);
  stats_.last_bytes = bytes;
  stats_.last_at_us = SystemClock().steady_us();
}

CheckpointStats Checkpointer::stats() {
  const std::lock_guard lock(mutex_);
  return stats_;
}

}  // namespace millrace
