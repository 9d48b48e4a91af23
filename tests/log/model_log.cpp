#include "tests/log/model_log.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace millrace::logs {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds full_retry{1};

class EntryList final : public CheckpointWriter {
 public:
  Result<void> add(Section section, std::string_view bytes) override {
    if (bytes.size() > checkpoint_entry_bytes_max) {
      return Error{ErrorCode::too_large, "an entry of a checkpoint"};
    }
    checkpoint.entries.emplace_back(section, bytes);
    size += bytes.size();
    return {};
  }

  ModelCheckpoint checkpoint;
  std::uint64_t size = 0;
};

}  // namespace

Result<void> visit(const ModelData& data, std::span<const Place> places,
                   const PlaceVisitor& visit) {
  std::vector<std::size_t> order(places.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [&](std::size_t a, std::size_t b) { return places[a] < places[b]; });
  for (const std::size_t index : order) {
    const Place place = places[index];
    const auto segment = data.segments.find(segment_of(place));
    if (segment == data.segments.end() || offset_of(place) >= segment->second.rows.size()) {
      return Error{ErrorCode::not_found, "segment " + std::to_string(segment_of(place))};
    }
    const ModelRow& row = segment->second.rows[offset_of(place)];
    const auto visited =
        visit(index, {segment->second.first_lsn + offset_of(place), place, row.shard, row.body});
    if (!visited) return visited;
  }
  return {};
}

ModelLog::ModelLog(ModelServer& server, ModelClient client, const ModelOptions& options,
                   const ModelData& data, Listener& listener)
    : server_(server),
      client_(client),
      options_(options),
      epoch_(data.epoch),
      listener_(listener),
      next_lsn_(data.last_lsn() + 1),
      durable_lsn_(data.last_lsn()),
      newest_(data.segments.empty() ? 0 : data.segments.rbegin()->first) {
  for (const auto& [number, segment] : data.segments) {
    segments_[number] = {number, segment.first_lsn, segment.bytes};
  }
  if (!data.checkpoints.empty()) {
    checkpoint_number_ = data.checkpoints.rbegin()->first;
    keep_from_ =
        segment_holding(std::min(data.checkpoints.rbegin()->second.replay_from, durable_lsn_));
  }
  for (const auto& [number, info] : segments_) {
    if (number >= keep_from_) log_bytes_ += info.bytes;
  }
  thread_ = std::thread([this] { run(); });
}

Result<void> ModelLog::append(std::span<std::shared_ptr<Proposal>> proposals) {
  const std::lock_guard lock(mutex_);
  if (failure_) return Error{failure_->code, "the log has failed: " + failure_->message};
  if (is_stopping_) return Error{ErrorCode::draining, "the log was stopped"};
  for (const auto& proposal : proposals) {
    if (proposal->body.size() <= options_.record_bytes_max) continue;
    return Error{ErrorCode::too_large, "a record of " + std::to_string(proposal->body.size())};
  }
  for (auto& proposal : proposals) pending_.push_back(std::move(proposal));
  changed_.notify_all();
  return {};
}

void ModelLog::run() {
  while (auto group = next_group()) {
    if (commit(*group) != End::confirmed) return;
    confirm(*group);
    if (is_reachable_) continue;
    refuses_work_ = false;
    is_reachable_ = true;
    listener_.on_reachable();
  }
}

// Waits for records; empty: the log stops, or has failed.
std::optional<ModelLog::Group> ModelLog::next_group() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return is_stopping_ || !pending_.empty(); });
  if (pending_.empty()) return std::nullopt;
  Group group;
  while (!pending_.empty()) {
    const std::uint64_t bytes = pending_.front()->body.size() + 16;
    if (!group.rows.empty() && group.bytes + bytes > options_.group_bytes_max) break;
    group.bytes += bytes;
    group.rows.push_back({pending_.front()->shard, pending_.front()->body});
    group.records.push_back({next_lsn_++, {}, std::move(pending_.front())});
    pending_.pop_front();
  }
  const bool is_new =
      current_ == 0 || segments_[current_].bytes + group.bytes > options_.segment_bytes;
  group.segment = is_new ? newest_ + 1 : current_;
  const Lsn first = is_new ? group.records.front().lsn : segments_[current_].first_lsn;
  for (Committed& record : group.records) {
    record.place = make_place(group.segment, static_cast<std::uint32_t>(record.lsn - first));
  }
  return group;
}

Result<void> ModelLog::check(const ModelData& data) const {
  if (data.epoch == epoch_ || options_.fault == ModelFault::epoch_not_checked) return {};
  return Error{ErrorCode::fenced,
               "another process owns the log since epoch " + std::to_string(data.epoch)};
}

// A transaction that checks the epoch and that the group continues the log, so that one which was
// applied without an answer is not applied twice.
Result<void> ModelLog::write(const Group& group) {
  return server_.write(client_, [&](ModelData& data) -> Result<void> {
    if (auto checked = check(data); !checked) return checked;
    if (data.last_lsn() + 1 != group.records.front().lsn && options_.fault == ModelFault::none) {
      return Error{ErrorCode::corrupt, "the log does not end where it did"};
    }
    const auto [segment, is_new] = data.segments.try_emplace(group.segment);
    if (is_new) segment->second.first_lsn = group.records.front().lsn;
    segment->second.bytes += group.bytes;
    segment->second.rows.insert(segment->second.rows.end(), group.rows.begin(), group.rows.end());
    return {};
  });
}

// A group in doubt that is visible need not be replicated: only a commit behind it tells. One that is
// not visible is written again.
Result<void> ModelLog::settle(const Group& group) {
  const Result<bool> is_visible = await_server(group);
  if (!is_visible) return is_visible.error();
  if (!*is_visible) return write(group);
  if (options_.fault == ModelFault::row_is_enough) return {};
  return server_.write(client_, [&](ModelData& data) { return check(data); });
}

ModelLog::End ModelLog::commit(const Group& group) {
  bool is_in_doubt = false;
  while (true) {
    const Result<void> written = is_in_doubt ? settle(group) : write(group);
    if (written) {
      if (is_full_.exchange(false)) listener_.on_storage_free();
      return End::confirmed;
    }
    switch (written.error().code) {
      case ErrorCode::draining:
        return End::given_up;
      case ErrorCode::storage_full:
        if (!wait_while_full()) return End::given_up;
        continue;
      case ErrorCode::log_unreachable:
        break;
      default:
        fail(written.error());
        return End::failed;
    }
    is_in_doubt = true;
    report_outage(written.error());
    if (options_.fault == ModelFault::confirms_in_doubt) return End::confirmed;
  }
}

void ModelLog::report_outage(const Error& error) {
  if (!is_reachable_.exchange(false)) return;
  {
    const std::lock_guard lock(mutex_);
    ++outages_;
  }
  listener_.on_unreachable(error);
}

// Returns false when the log stops.
bool ModelLog::wait_while_full() {
  is_full_ = true;
  listener_.on_storage_full();
  std::unique_lock lock(mutex_);
  return !changed_.wait_for(lock, full_retry, [&] { return is_stopping_.load(); });
}

// Waits for the server, and returns whether the commit of `group` in doubt is visible. Fails
// with `draining` if the log stops, `fenced`.
Result<bool> ModelLog::await_server(const Group& group) {
  const auto since = Clock::now();
  while (true) {
    const auto until = since + options_.patience;
    const bool is_out_of_patience = Clock::now() >= until;
    if (is_out_of_patience) refuses_work_ = true;
    if (is_out_of_patience && is_stopping_) return Error{ErrorCode::draining, "the log stops"};
    server_.await_reachable(client_, is_out_of_patience ? Clock::now() + options_.patience : until,
                            [&] { return is_out_of_patience && is_stopping_; });
    if (options_.fault == ModelFault::appends_again) return false;
    Lsn last = 0;
    const Result<void> looked = server_.run(client_, [&](ModelData& data) -> Result<void> {
      last = data.last_lsn();
      return check(data);
    });
    if (looked) return last >= group.last_lsn();
    if (looked.error().code != ErrorCode::log_unreachable) return looked.error();
  }
}

void ModelLog::confirm(Group& group) {
  {
    const std::lock_guard lock(mutex_);
    SegmentInfo& info = segments_[group.segment];
    if (info.number == 0) info = {group.segment, group.records.front().lsn, 0};
    info.bytes += group.bytes;
    newest_ = current_ = group.segment;
    durable_lsn_ = group.last_lsn();
    log_bytes_ += group.bytes;
    written_bytes_ += group.bytes;
    records_ += group.records.size();
    ++syncs_;
  }
  for (Committed& record : group.records) record.proposal->body.clear();
  listener_.on_committed(group.records);
}

void ModelLog::fail(const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
    pending_.clear();
  }
  listener_.on_failed(error);
}

Result<void> ModelLog::read(std::span<const Place> places, const PlaceVisitor& visitor) {
  ModelData copy;
  while (true) {
    const Result<void> copied = server_.run(client_, [&](ModelData& data) {
      for (const Place place : places) {
        const auto segment = data.segments.find(segment_of(place));
        if (segment != data.segments.end()) copy.segments.insert(*segment);
      }
      return Result<void>{};
    });
    if (copied) return visit(copy, places, visitor);
    if (is_stopping_) return Error{ErrorCode::draining, "the log was stopped"};
    server_.await_reachable(client_, Clock::now() + options_.patience,
                            [&] { return is_stopping_.load(); });
  }
}

Result<CheckpointInfo> ModelLog::write_checkpoint(Lsn replay_from, const CheckpointFill& fill) {
  const std::lock_guard one(checkpoint_mutex_);
  Lsn durable = 0;
  std::uint64_t bytes = 0;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    durable = durable_lsn_;
    bytes = log_bytes_;
    number = ++checkpoint_number_;
    const bool is_released = durable > 0 && segment_holding(std::min(replay_from, durable)) == 0;
    if (replay_from < 1 || replay_from > durable + 1 || is_released) {
      return Error{ErrorCode::invalid_argument, "checkpoint: replay_from"};
    }
  }
  EntryList list;
  list.checkpoint.replay_from = replay_from;
  if (auto filled = fill(list); !filled) return filled.error();
  const CheckpointInfo info{number, replay_from, list.checkpoint.entries.size(), list.size};
  const Result<void> written = server_.write(client_, [&](ModelData& data) -> Result<void> {
    if (auto checked = check(data); !checked) return checked;
    data.checkpoints[number] = std::move(list.checkpoint);
    if (data.checkpoints.size() > 2) data.checkpoints.erase(data.checkpoints.begin());
    return {};
  });
  if (!written) return written.error();
  const std::lock_guard lock(mutex_);
  keep_from_ = segment_holding(std::min(replay_from, durable));
  covered_bytes_ = bytes;
  return info;
}

// The segment with record `lsn`; 0: it was released, or the log is empty. With mutex_ held.
SegmentNumber ModelLog::segment_holding(Lsn lsn) const {
  SegmentNumber found = 0;
  for (const auto& [number, info] : segments_) {
    if (info.first_lsn <= lsn) found = number;
  }
  return found;
}

void ModelLog::release_before(SegmentNumber segment) {
  SegmentNumber before = segment;
  {
    const std::lock_guard lock(mutex_);
    before = std::min({segment, keep_from_, newest_});
    if (options_.fault == ModelFault::releases_as_it_is_told) before = segment;
  }
  const Result<void> released = server_.run(client_, [&](ModelData& data) -> Result<void> {
    if (auto checked = check(data); !checked) return checked;
    data.segments.erase(data.segments.begin(), data.segments.lower_bound(before));
    return {};
  });
  if (!released) return;
  const std::lock_guard lock(mutex_);
  segments_.erase(segments_.begin(), segments_.lower_bound(before));
}

std::vector<SegmentInfo> ModelLog::segments_before_replay() const {
  const std::lock_guard lock(mutex_);
  std::vector<SegmentInfo> old;
  for (const auto& [number, info] : segments_) {
    if (number < keep_from_) old.push_back(info);
  }
  return old;
}

std::uint64_t ModelLog::segment_bytes() const {
  return options_.segment_bytes;
}

std::chrono::milliseconds ModelLog::full_interval() const {
  return full_retry;
}

std::uint64_t ModelLog::bytes_since_checkpoint() const {
  const std::lock_guard lock(mutex_);
  return log_bytes_ - covered_bytes_;
}

LogStats ModelLog::stats() const {
  const std::lock_guard lock(mutex_);
  LogStats stats;
  stats.durable_lsn = durable_lsn_;
  stats.first_segment = segments_.empty() ? 0 : segments_.begin()->first;
  stats.current_segment = current_;
  stats.segments = segments_.size();
  stats.room_bytes = stats.spare_bytes = unknown_bytes;
  stats.bytes_since_checkpoint = log_bytes_ - covered_bytes_;
  stats.records = records_;
  stats.bytes = written_bytes_;
  stats.syncs = syncs_;
  stats.outages = outages_;
  return stats;
}

Result<BackupInfo> ModelLog::back_up(const std::filesystem::path& /*target*/,
                                     const BackupIdentity& /*identity*/, std::int64_t /*at_us*/,
                                     const std::function<Result<void>()>& /*may_go_on*/) {
  return Error{ErrorCode::invalid_argument, "back the server up instead"};
}

void ModelLog::stop() {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
  }
  changed_.notify_all();
  server_.wake();
  if (thread_.joinable()) thread_.join();
}

}  // namespace millrace::logs
