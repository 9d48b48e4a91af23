#include "apps/bench/load/load_run.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "actors/base/clock.hpp"
#include "actors/base/names.hpp"
#include "apps/bench/load/load_client.hpp"

namespace millrace::bench {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds progress_interval{1};
/// What nodes take in one request.
constexpr std::size_t request_bytes_max = std::size_t{8} << 20;

/// The clients of a load on their threads.
class LoadRun {
 public:
  LoadRun(const LoadExtent& extent, double rate_per_s, double idle_s, std::size_t clients)
      : course_(extent, rate_per_s, idle_s), began_(steady_clock::now()), running_(clients) {
    for (std::size_t i = 0; i < clients; ++i) tallies_.emplace_back(seen_);
  }

  [[nodiscard]] LoadCourse& course() { return course_; }

  /// `client(index, around)` runs on a thread of its own until the load is over, or fails.
  template <class Client>
  Result<LoadFigures> run(const Client& client, const LoadProgress& progress) {
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < tallies_.size(); ++i) {
      threads.emplace_back([this, &client, i] {
        const Result<void> done = client(i, LoadSurroundings{course_, tallies_[i]});
        if (!done) course_.fail(done.error());
        const std::lock_guard lock(mutex_);
        --running_;
        ended_.notify_one();
      });
    }
    watch(progress);
    for (std::thread& each : threads) each.join();
    if (const auto failure = course_.failure()) return *failure;
    return figures();
  }

 private:
  void watch(const LoadProgress& progress) {
    std::unique_lock lock(mutex_);
    while (!ended_.wait_for(lock, progress_interval, [this] { return running_ == 0; })) {
      lock.unlock();
      if (!progress(figures())) course_.stop();
      lock.lock();
    }
  }

  [[nodiscard]] LoadFigures figures() const {
    LoadFigures sum;
    auto moved_at = began_;
    for (const LoadTally& each : tallies_) moved_at = std::max(moved_at, each.add_to(sum));
    sum.seconds = std::chrono::duration<double>(moved_at - began_).count();
    return sum;
  }

  SeenMessages seen_{};
  LoadCourse course_;
  const steady_clock::time_point began_;
  std::deque<LoadTally> tallies_{};
  std::mutex mutex_;
  std::condition_variable ended_;
  std::size_t running_;  ///< guarded by mutex_
};

Result<void> publish(const PublishOptions& options, const LoadMessages& messages, std::size_t index,
                     LoadSurroundings around) {
  auto opened = options.target.is_kafka() ? open_kafka_publisher(options, index, around)
                                          : open_http_publisher(options, messages.run(), around);
  if (!opened) return opened.error();
  Publisher& publisher = **opened;
  const SystemClock clock;
  while (const auto portion = around.course.take(options.batch)) {
    const auto begun = options.rate_per_s > 0 ? portion->due : steady_clock::now();
    std::vector<LoadMessage> batch;
    batch.reserve(portion->count);
    const TimeUs now_us = clock.now_us();
    for (std::size_t i = 0; i < portion->count; ++i) {
      batch.push_back(messages.message(portion->first + i, now_us));
    }
    if (auto sent = publisher.send(batch, begun); !sent) return sent;
  }
  return {};
}

Result<void> consume(const ConsumeOptions& options, std::size_t index, LoadSurroundings around) {
  auto opened = options.target.is_kafka() ? open_kafka_consumer(options, index, around)
                                          : open_http_consumer(options, index, around);
  if (!opened) return opened.error();
  if (!*opened) return {};
  while (!around.course.is_over()) {
    if (auto received = (*opened)->receive(); !received) return received;
  }
  return {};
}

}  // namespace

Result<LoadFigures> run_publish(const PublishOptions& options, const LoadProgress& progress) {
  if (options.batch * options.payload_bytes > request_bytes_max) {
    return Error{ErrorCode::invalid_argument,
                 "expected a batch of at most " + std::to_string(request_bytes_max) +
                     " bytes, got " + std::to_string(options.batch) + " messages of " +
                     std::to_string(options.payload_bytes)};
  }
  const auto messages =
      LoadMessages::make(options.form.empty() ? LoadMessages::usual_form : options.form,
                         random_name(), options.keys, options.payload_bytes);
  if (!messages) return messages.error();
  LoadRun run(options.extent, options.rate_per_s, 0, options.clients);
  return run.run(
      [&](std::size_t index, LoadSurroundings around) {
        return publish(options, *messages, index, around);
      },
      progress);
}

Result<LoadFigures> run_consume(const ConsumeOptions& options, const LoadProgress& progress) {
  LoadRun run(options.extent, 0, options.idle_s, options.clients);
  return run.run(
      [&](std::size_t index, LoadSurroundings around) { return consume(options, index, around); },
      progress);
}

}  // namespace millrace::bench
