#include "actors/runtime/checkpointer.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <spdlog/spdlog.h>

#include "actors/queue/snapshot.hpp"

namespace millrace {
namespace {

constexpr journal::Section queue_section = 1;
constexpr std::uint32_t no_segment = std::numeric_limits<std::uint32_t>::max();

}  // namespace

Checkpointer::Checkpointer(journal::Journal& journal, Options options, std::size_t queues,
                           Request request)
    : journal_(journal),
      options_(options),
      queues_(queues),
      request_(std::move(request)),
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

void Checkpointer::on_group(journal::Lsn lsn) {
  if (busy_.load(std::memory_order_relaxed)) return;
  if (journal_.stats().bytes_since_checkpoint >= next_after_bytes_) begin(lsn);
}

bool Checkpointer::begin(journal::Lsn lsn) {
  if (busy_.exchange(true)) return false;
  {
    const std::lock_guard lock(mutex_);
    lsn_ = lsn;
    missing_ = queues_;
    parts_.clear();
    first_segment_needed_ = no_segment;
    error_.reset();
  }
  request_(lsn);
  return true;
}

void Checkpointer::take(const queues::State& state, const pb::Declaration& declaration) {
  std::vector<std::string> parts;
  queues::write_snapshot(state, declaration,
                         [&](std::string part) { parts.push_back(std::move(part)); });
  std::uint32_t first = no_segment;
  state.durable.index.for_each([&](queues::Sequence, const queues::Entry& entry) {
    first = std::min(first, journal::segment_of(entry.place));
  });
  {
    const std::lock_guard lock(mutex_);
    std::move(parts.begin(), parts.end(), std::back_inserter(parts_));
    first_segment_needed_ = std::min(first_segment_needed_, first);
    --missing_;
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
      changed_.wait(lock, [this] { return stopping_ || (busy_ && missing_ == 0); });
      if (stopping_) return;
    }
    write();
    {
      const std::lock_guard lock(mutex_);
      parts_.clear();
      parts_.shrink_to_fit();
      busy_ = false;
    }
    changed_.notify_all();
  }
}

void Checkpointer::write() {
  const auto written =
      journal_.write_checkpoint(lsn_ + 1, [this](journal::CheckpointWriter& out) -> Result<void> {
        for (const std::string& part : parts_) {
          if (auto added = out.add(queue_section, part); !added) return added;
        }
        return {};
      });
  if (!written) {
    spdlog::warn("checkpoint at record {} failed, the one before stays: {}", lsn_,
                 written.error().message);
    const std::lock_guard lock(mutex_);
    error_ = written.error();
    return;
  }
  next_after_bytes_ = std::max(options_.log_bytes, written->bytes);
  const std::uint32_t needed = std::min(first_segment_needed_, journal_.stats().current_segment);
  journal_.release_before(needed);
  spdlog::debug("checkpoint at record {}: {} bytes, log from segment {}", lsn_, written->bytes,
                needed);
}

}  // namespace millrace
