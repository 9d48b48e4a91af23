#include "tests/log/log_contract.hpp"

#include <ostream>
#include <thread>

namespace millrace::logs {

std::string to_string(Feature feature) {
  switch (feature) {
    case Feature::lock:
      return "a lock";
    case Feature::fence:
      return "a fence";
    case Feature::power_loss:
      return "loss of power";
    case Feature::stall:
      return "stalled writes";
    case Feature::reordered_groups:
      return "groups that become durable out of order";
    case Feature::write_failure:
      return "failing writes";
    case Feature::full:
      return "fullness";
    case Feature::reserve:
      return "a reserve";
    case Feature::outage:
      return "outages";
    case Feature::lost_answer:
      return "lost answers";
    case Feature::failover:
      return "failovers";
    case Feature::damaged_checkpoint:
      return "damaged checkpoints";
    case Feature::backup:
      return "backups";
  }
  return "unknown";
}

void PrintTo(const Record& record, std::ostream* out) {
  *out << "record " << record.lsn << " at " << segment_of(record.place) << ":"
       << offset_of(record.place) << " shard " << record.shard << " of " << record.body.size()
       << " bytes: " << record.body.substr(0, 30);
}

std::string body_of(std::uint64_t number, std::size_t bytes_max) {
  std::string body = "record " + std::to_string(number) + ":";
  body.append(number * 37 % bytes_max, static_cast<char>('a' + number % 26));
  return body;
}

std::shared_ptr<Proposal> propose(std::string body, std::uint32_t shard) {
  return std::make_shared<TestProposal>(std::move(body), shard);
}

std::shared_ptr<Proposal> propose_room(std::string body) {
  std::shared_ptr<Proposal> made = propose(std::move(body));
  made->makes_room = true;
  return made;
}

void RecordingListener::on_committed(std::span<Committed> group) {
  if (is_in_group_.exchange(true)) ADD_FAILURE() << "calls of on_committed() overlap";
  if (group.empty()) ADD_FAILURE() << "an empty group";
  if (also) also(group);
  {
    const std::lock_guard lock(mutex_);
    if (failed_) ADD_FAILURE() << "a group was confirmed after the failure";
    for (const Committed& one : group) {
      const auto& proposal = static_cast<const TestProposal&>(*one.proposal);
      if (!proposal.body.empty()) ADD_FAILURE() << "the body was not emptied";
      if (!records_.empty() && one.lsn != records_.back().lsn + 1) {
        ADD_FAILURE() << "record " << one.lsn << " follows " << records_.back().lsn;
      }
      if (!records_.empty() && one.place <= records_.back().place) {
        ADD_FAILURE() << "the place of record " << one.lsn << " is not above the one before";
      }
      records_.push_back({one.lsn, one.place, proposal.shard, proposal.copy});
    }
  }
  is_in_group_ = false;
  changed_.notify_all();
}

void RecordingListener::on_failed(const Error& error) {
  if (is_in_group_) ADD_FAILURE() << "on_failed() during on_committed()";
  {
    const std::lock_guard lock(mutex_);
    if (failed_) ADD_FAILURE() << "the failure was reported twice";
    failed_ = error;
  }
  changed_.notify_all();
}

void RecordingListener::on_storage_full() {
  {
    const std::lock_guard lock(mutex_);
    ++fulls_;
  }
  changed_.notify_all();
}

void RecordingListener::on_storage_free() {
  {
    const std::lock_guard lock(mutex_);
    ++frees_;
    if (fulls_ == 0) ADD_FAILURE() << "free, and never full";
  }
  changed_.notify_all();
}

void RecordingListener::on_unreachable(const Error& error) {
  EXPECT_EQ(error.code, ErrorCode::log_unreachable) << error.message;
  {
    const std::lock_guard lock(mutex_);
    if (outages_ == mends_) ++outages_;
    reasons_.push_back(error.message);
  }
  changed_.notify_all();
}

void RecordingListener::on_reachable() {
  {
    const std::lock_guard lock(mutex_);
    ++mends_;
    if (outages_ != mends_) ADD_FAILURE() << "the end of one outage was reported twice";
  }
  changed_.notify_all();
}

bool RecordingListener::await(const std::function<bool()>& condition) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::minutes(1), condition);
}

std::vector<Record> RecordingListener::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

std::size_t RecordingListener::count() const {
  const std::lock_guard lock(mutex_);
  return records_.size();
}

std::vector<std::string> RecordingListener::reasons() const {
  const std::lock_guard lock(mutex_);
  return reasons_;
}

std::optional<Error> RecordingListener::failed() const {
  const std::lock_guard lock(mutex_);
  return failed_;
}

void Process::append_numbers(std::uint64_t from, std::uint64_t to, std::size_t bytes_max) {
  for (std::uint64_t number = from; number <= to; ++number) {
    EXPECT_OK(append(body_of(number, bytes_max)));
  }
}

void Process::write(std::size_t count, std::size_t bytes) {
  const std::size_t before = listener.records().size();
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_OK(append(std::string(bytes, static_cast<char>('a' + (before + i) % 26))));
  }
  EXPECT_TRUE(listener.await_records(before + count));
}

Result<CheckpointInfo> Process::checkpoint(Lsn replay_from, const std::string& text) {
  return log->write_checkpoint(replay_from,
                               [&](CheckpointWriter& out) { return out.add(1, text); });
}

bool eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::yield();
  }
  return true;
}

Result<Contents> recover_all(OpenedLog& opened) {
  Contents contents;
  auto recovered = opened.recover(
      [&](Section section, std::string_view bytes) {
        if (!contents.records.empty()) ADD_FAILURE() << "an entry comes behind a record";
        contents.entries.emplace_back(section, bytes);
        return Result<void>{};
      },
      [&](const Frame& frame) {
        contents.records.push_back({frame.lsn, frame.place, frame.shard, std::string(frame.body)});
        return Result<void>{};
      });
  if (!recovered) return recovered.error();
  contents.recovered = *std::move(recovered);
  Lsn expected = contents.recovered.replay_from;
  for (const Record& record : contents.records) EXPECT_EQ(record.lsn, expected++) << "a gap";
  EXPECT_EQ(contents.recovered.last_lsn + 1, expected);
  EXPECT_EQ(contents.recovered.has_checkpoint || contents.recovered.replay_from == 1, true);
  return contents;
}

std::unique_ptr<Process> LogContract::start(std::function<void(std::span<const Committed>)> also) {
  auto process = std::make_unique<Process>();
  process->listener.also = std::move(also);
  process->engine = fixture_->make_engine();
  auto opened = process->engine->open(Opener::writer);
  if (!opened) {
    ADD_FAILURE() << "open: " << opened.error().message;
    return nullptr;
  }
  auto contents = recover_all(**opened);
  if (!contents) {
    ADD_FAILURE() << "recover: " << contents.error().message;
    return nullptr;
  }
  process->contents = *std::move(contents);
  auto log = (*opened)->start(process->listener);
  if (!log) {
    ADD_FAILURE() << "start: " << log.error().message;
    return nullptr;
  }
  process->log = *std::move(log);
  return process;
}

Contents LogContract::read_stopped() {
  const auto engine = fixture_->make_engine();
  auto opened = engine->open(Opener::reader);
  if (!opened) {
    ADD_FAILURE() << "open: " << opened.error().message;
    return {};
  }
  auto contents = recover_all(**opened);
  if (!contents) {
    ADD_FAILURE() << "recover: " << contents.error().message;
    return {};
  }
  return *std::move(contents);
}

void LogContract::stop(std::unique_ptr<Process>& process) {
  process->log->stop();
  EXPECT_FALSE(process->listener.failed());
  process.reset();
}

std::vector<Record> LogContract::kill(std::unique_ptr<Process>& process) {
  // What is confirmed during the call counts too: the process may still have acted on it.
  fixture_->kill();
  process->log->stop();
  std::vector<Record> confirmed = process->listener.records();
  process.reset();
  return confirmed;
}

}  // namespace millrace::logs
