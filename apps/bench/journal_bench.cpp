#include "apps/bench/journal_bench.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "actors/journal/journal.hpp"
#include "apps/bench/raw_writer.hpp"
#include "apps/bench/resources.hpp"
#include "apps/bench/timing.hpp"

namespace millrace::bench {
namespace {

using logs::Committed;
using logs::Proposal;

constexpr int turns = 10;

/// Keeps a fixed number of batches in flight: appends the next one as soon as one is confirmed, as
/// a queue's shell does.
class Producer final : public logs::Listener {
 public:
  explicit Producer(const JournalBenchOptions& options)
      : batch_(options.batch), body_(options.payload_bytes, 'm') {}

  void on_committed(std::span<Committed> group) override {
    const Steady::time_point now = Steady::now();
    std::size_t finished = 0;
    {
      const std::lock_guard lock{mutex_};
      confirmed_ += group.size();
      while (!begun_.empty() && confirmed_ >= begun_.front().second) {
        latencies_us_.push_back(seconds_between(begun_.front().first, now) * 1e6);
        begun_.pop_front();
        ++finished;
      }
      if (!running_) finished = 0;
    }
    {
      const std::lock_guard order{append_mutex_};
      for (Committed& one : group) spare_.push_back(std::move(one.proposal));
    }
    for (; finished > 0; --finished) append_batch();
    const std::lock_guard lock{mutex_};
    if (begun_.empty()) idle_.notify_all();
  }

  void on_failed(const Error& error) override {
    const std::lock_guard lock{mutex_};
    failed_ = error;
    idle_.notify_all();
  }

  /// Keeps `outstanding` batches in flight until `until`, then waits for the last confirmation.
  /// Returns the error of a failed append or write.
  Result<void> run(journal::Journal& journal, std::size_t outstanding, Steady::time_point until) {
    journal_ = &journal;
    {
      const std::lock_guard lock{mutex_};
      running_ = true;
    }
    for (std::size_t i = 0; i < outstanding; ++i) append_batch();
    std::unique_lock lock{mutex_};
    idle_.wait_until(lock, until, [&] { return failed_.has_value(); });
    running_ = false;
    idle_.wait(lock, [&] { return begun_.empty() || failed_; });
    if (failed_) return *failed_;
    return {};
  }

  [[nodiscard]] std::uint64_t confirmed() {
    const std::lock_guard lock{mutex_};
    return confirmed_;
  }
  [[nodiscard]] std::vector<double>& latencies_us() { return latencies_us_; }

 private:
  void append_batch() {
    // run() and the journal's thread both append: the lock keeps begun_ in the order of the
    // journal.
    const std::lock_guard order{append_mutex_};
    batch_proposals_.clear();
    while (batch_proposals_.size() < batch_) {
      if (spare_.empty()) spare_.push_back(std::make_shared<Proposal>());
      spare_.back()->body = body_;
      batch_proposals_.push_back(std::move(spare_.back()));
      spare_.pop_back();
    }
    {
      const std::lock_guard lock{mutex_};
      appended_ += batch_;
      begun_.emplace_back(Steady::now(), appended_);
    }
    if (const Result<void> done = journal_->append(batch_proposals_); !done)
      on_failed(done.error());
  }

  const std::size_t batch_;
  const std::string body_;
  journal::Journal* journal_ = nullptr;
  std::mutex append_mutex_;                       ///< taken before mutex_
  std::vector<std::shared_ptr<Proposal>> spare_;  ///< confirmed proposals, for reuse
  std::vector<std::shared_ptr<Proposal>> batch_proposals_;
  std::mutex mutex_;
  std::condition_variable idle_;
  bool running_ = false;
  std::optional<Error> failed_;
  std::uint64_t appended_ = 0;
  std::uint64_t confirmed_ = 0;
  /// Per batch in flight, in append order: its start, and appended_ after it.
  std::deque<std::pair<Steady::time_point, std::uint64_t>> begun_;
  std::vector<double> latencies_us_;
};

Result<std::unique_ptr<journal::Journal>> open_fresh(const std::filesystem::path& path,
                                                     const journal::Options& options,
                                                     logs::Listener& listener) {
  auto directory =
      journal::DataDirectory::open(files::posix_file_system(), path, logs::Opener::writer);
  if (!directory) return directory.error();
  const auto nothing = [](const auto&...) {
    return Result<void>{};
  };
  auto recovered = journal::recover(*directory, nothing, nothing);
  if (!recovered) return recovered.error();
  return journal::Journal::start(*std::move(directory), *recovered, options, listener);
}

/// Releases the whole log with an empty checkpoint, so that the next run reuses its segments, as in
/// a running node.
Result<void> release_all(journal::Journal& journal) {
  const auto nothing = [](logs::CheckpointWriter&) {
    return Result<void>{};
  };
  const logs::LogStats stats = journal.stats();
  const auto written = journal.write_checkpoint(stats.durable_lsn + 1, nothing);
  if (!written) return written.error();
  journal.release_before(stats.current_segment);
  return {};
}

}  // namespace

Result<JournalBenchFigures> run_journal_bench(const JournalBenchOptions& options) {
  const journal::Options journal_options;
  Producer producer{options};
  auto log = open_fresh(options.dir / "data", journal_options, producer);
  if (!log) return log.error();
  auto raw = RawWriter::open(options.dir / "raw", options.payload_bytes * options.batch);
  if (!raw) return raw.error();
  const std::size_t outstanding =
      options.outstanding > 0 ? options.outstanding : journal_options.groups_max;

  const auto turn = std::chrono::duration_cast<Steady::duration>(
      std::chrono::duration<double>(options.seconds / turns));
  double seconds = 0;
  double cpu_s = 0;
  for (int i = 0; i < turns; ++i) {
    const double cpu_before = cpu_seconds();
    const Steady::time_point begin = Steady::now();
    if (Result<void> done = producer.run(**log, outstanding, begin + turn); !done) {
      return done.error();
    }
    seconds += seconds_between(begin, Steady::now());
    cpu_s += cpu_seconds() - cpu_before;
    if (Result<void> done = release_all(**log); !done) return done.error();
    if (Result<void> done = raw->run(Steady::now() + turn); !done) return done.error();
    if (options.messages_max > 0 && producer.confirmed() >= options.messages_max) break;
  }
  (*log)->stop();

  JournalBenchFigures figures;
  figures.messages = producer.confirmed();
  const auto messages = static_cast<double>(figures.messages);
  figures.messages_per_s = messages / seconds;
  figures.raw_messages_per_s = raw->writes_per_s() * static_cast<double>(options.batch);
  figures.ratio = figures.messages_per_s / figures.raw_messages_per_s;
  std::sort(producer.latencies_us().begin(), producer.latencies_us().end());
  std::sort(raw->latencies_us().begin(), raw->latencies_us().end());
  figures.p50_us = percentile_us(producer.latencies_us(), 0.5);
  figures.p99_us = percentile_us(producer.latencies_us(), 0.99);
  figures.p999_us = percentile_us(producer.latencies_us(), 0.999);
  figures.raw_p50_us = percentile_us(raw->latencies_us(), 0.5);
  figures.raw_p99_us = percentile_us(raw->latencies_us(), 0.99);
  figures.cpu_s = cpu_s;
  figures.rss_peak_bytes = rss_peak_bytes();
  figures.written_bytes = (*log)->stats().bytes;
  figures.syncs = (*log)->stats().syncs;
  return figures;
}

}  // namespace millrace::bench
