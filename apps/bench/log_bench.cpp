#include "apps/bench/log_bench.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "actors/engines/engines.hpp"
#include "apps/bench/resources.hpp"
#include "apps/bench/timing.hpp"

namespace millrace::bench {
namespace {

using logs::Committed;
using logs::Proposal;

double us_between(Steady::time_point begin, Steady::time_point end) {
  return std::chrono::duration<double, std::micro>(end - begin).count();
}

// Counts what is confirmed, and keeps the proposals for reuse.
class Confirmed final : public logs::Listener {
 public:
  void on_committed(std::span<Committed> group) override {
    const Steady::time_point now = Steady::now();
    {
      const std::lock_guard lock(mutex_);
      for (Committed& record : group) {
        latencies_us_.push_back(us_between(begun_.front(), now));
        begun_.pop_front();
        spare_.push_back(std::move(record.proposal));
      }
      records_ += group.size();
    }
    changed_.notify_all();
  }
  void on_failed(const Error& error) override {
    {
      const std::lock_guard lock(mutex_);
      failure_ = error;
    }
    changed_.notify_all();
  }

  // Waits until fewer than `window` records are in flight, and takes proposals to fill it.
  std::vector<std::shared_ptr<Proposal>> take(std::size_t window) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_.size() < window || failure_; });
    std::vector<std::shared_ptr<Proposal>> taken;
    const Steady::time_point now = Steady::now();
    // In small steps, so that groups of a quarter of the window can form while others are written.
    const std::size_t count =
        failure_ ? 0 : std::min(window - begun_.size(), std::max<std::size_t>(window / 4, 1));
    for (std::size_t i = 0; i < count; ++i) {
      begun_.push_back(now);
      if (spare_.empty()) {
        taken.push_back(std::make_shared<Proposal>());
      } else {
        taken.push_back(std::move(spare_.back()));
        spare_.pop_back();
      }
    }
    return taken;
  }
  void await_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return begun_.empty() || failure_; });
  }
  [[nodiscard]] std::optional<Error> failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  // Of a listener that is called no more.
  [[nodiscard]] std::vector<double>& latencies_us() { return latencies_us_; }
  [[nodiscard]] std::uint64_t records() const { return records_; }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Steady::time_point> begun_;  ///< of the records in flight, in log order
  std::vector<std::shared_ptr<Proposal>> spare_;
  std::vector<double> latencies_us_;
  std::uint64_t records_ = 0;
  std::optional<Error> failure_;
};

}  // namespace

Result<LogBenchFigures> run_log_bench(logs::Engine& engine, const LogBenchOptions& options) {
  auto opened = engine.open(logs::Opener::writer);
  if (!opened) return opened.error();
  const auto nothing = [](const auto&...) {
    return Result<void>{};
  };
  if (const auto recovered = (*opened)->recover(nothing, nothing); !recovered) {
    return recovered.error();
  }
  Confirmed confirmed;
  auto log = (*opened)->start(confirmed);
  if (!log) return log.error();

  const std::string body(options.payload_bytes, 'm');
  const double cpu_before = cpu_seconds();
  const auto begin = Steady::now();
  const auto until = begin + std::chrono::duration_cast<Steady::duration>(
                                 std::chrono::duration<double>(options.seconds));
  while (Steady::now() < until && !confirmed.failure()) {
    auto proposals = confirmed.take(options.window);
    for (auto& proposal : proposals) proposal->body = body;
    if (auto appended = (*log)->append(proposals); !appended) return appended.error();
  }
  confirmed.await_all();
  const double seconds = us_between(begin, Steady::now()) / 1e6;
  const double cpu_s = cpu_seconds() - cpu_before;
  if (const auto failure = confirmed.failure()) return *failure;

  const logs::LogStats stats = (*log)->stats();
  const auto written = (*log)->write_checkpoint(
      stats.durable_lsn + 1, [](logs::CheckpointWriter&) { return Result<void>{}; });
  if (!written) return written.error();
  (*log)->release_before(stats.current_segment);
  (*log)->stop();

  LogBenchFigures figures;
  figures.records = confirmed.records();
  figures.records_per_s = static_cast<double>(confirmed.records()) / seconds;
  figures.groups_per_s = static_cast<double>(stats.syncs) / seconds;
  figures.bytes_per_s = static_cast<double>(stats.bytes) / seconds;
  std::sort(confirmed.latencies_us().begin(), confirmed.latencies_us().end());
  figures.p50_us = percentile_us(confirmed.latencies_us(), 0.5);
  figures.p99_us = percentile_us(confirmed.latencies_us(), 0.99);
  figures.cpu_s = cpu_s;
  return figures;
}

std::shared_ptr<logs::Engine> journal_for_bench(const std::filesystem::path& dir,
                                                std::size_t group_bytes) {
  engines::LogOptions options{.data_dir = dir};
  options.journal.group_bytes_max = group_bytes;
  return engines::make_engine(options);
}

}  // namespace millrace::bench
