#include "apps/bench/state_bench.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>

#include "actors/pipeline/pipeline.hpp"
#include "actors/runtime/runtime.hpp"
#include "apps/bench/bench.pb.h"
#include "apps/bench/resources.hpp"
#include "apps/bench/timing.hpp"

namespace millrace::bench {
namespace {

constexpr std::uint64_t samples = 1'000;
/// Keys whose messages are on their way at the same time: more than a cache of a few MiB has.
constexpr std::uint64_t keys_at_once = 50'000;
constexpr const char* queue_name = "bench.counted";

/// What the stage has handled.
class Progress {
 public:
  void add() {
    if (handled_.fetch_add(1) + 1 == wanted_) changed_.notify_all();
  }
  void add_wrong() { ++wrong_; }
  void wait_for(std::uint64_t handled) {
    std::unique_lock lock(mutex_);
    wanted_ = handled;
    while (handled_ < handled) changed_.wait_for(lock, std::chrono::milliseconds(100));
  }
  [[nodiscard]] std::uint64_t wrong() const { return wrong_; }

 private:
  std::atomic<std::uint64_t> handled_ = 0;
  std::atomic<std::uint64_t> wanted_ = 0;
  std::atomic<std::uint64_t> wrong_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
};

/// Parcel::hops counts the messages of a key from 1; the state is the message before.
struct Count {
  Progress* progress;
  void operator()(const Parcel& parcel, Keyed<Parcel, Parcel>& last) const {
    if (last->hops() + 1 != parcel.hops()) progress->add_wrong();
    last.change() = parcel;
    last.record(parcel);
    progress->add();
  }
};

const QueueRef<Parcel>& counted() {
  static const auto ref = queue<Parcel>(queue_name).key_by([](const Parcel& parcel) {
    return "order-" + std::to_string(parcel.number());
  });
  return ref;
}

struct Usage {
  std::uint64_t bytes = 0;
  std::uint64_t newest = 0;  ///< bytes of the file with the last name
};

/// Space of the files below `path` whose names begin with `prefix`.
Usage usage_of(const std::filesystem::path& path, const std::string& prefix = {}) {
  std::map<std::uint64_t, std::uint64_t> files;
  Usage usage;
  std::string last;
  std::error_code failure;
  for (auto at = std::filesystem::recursive_directory_iterator(path, failure);
       !failure && at != std::filesystem::recursive_directory_iterator(); at.increment(failure)) {
    struct stat info = {};
    const std::string name = at->path().filename().string();
    if (!name.starts_with(prefix) || ::lstat(at->path().c_str(), &info) != 0) continue;
    if (!S_ISREG(info.st_mode)) continue;
    files[info.st_ino] = static_cast<std::uint64_t>(info.st_blocks) * 512;
    if (name > last) usage.newest = static_cast<std::uint64_t>(info.st_size);
    last = std::max(last, name);
  }
  for (const auto& [inode, bytes] : files) usage.bytes += bytes;
  return usage;
}

Result<std::unique_ptr<Runtime>> start_runtime(const StateBenchOptions& options,
                                               Progress& progress) {
  RuntimeOptions runtime;
  runtime.data_dir = options.data_dir;
  runtime.shards = options.shards;
  runtime.state_cache_bytes = options.state_cache_bytes;
  return Runtime::start(runtime,
                        {pipeline("bench").from(counted()).then(
                            "count", Count{&progress},
                            {.workers = options.shards, .keep_state = options.keep_state})});
}

/// Text that compresses to about half, as digits and names in real states do.
std::string text_of(std::uint64_t number, std::uint32_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text(bytes + 16, '0');
  for (std::size_t at = 0; at < bytes; at += 16) {
    // SplitMix64.
    std::uint64_t word = (number += 0x9e3779b97f4a7c15u);
    word = (word ^ (word >> 30)) * 0xbf58476d1ce4e5b9u;
    word = (word ^ (word >> 27)) * 0x94d049bb133111ebu;
    for (std::size_t i = 0; i < 16; ++i, word >>= 4) text[at + i] = digits[word & 15];
  }
  text.resize(bytes);
  return text;
}

/// Sends all messages, and returns what was there when each tenth of them was handled.
Result<std::vector<StateBenchTenth>> send_all(const StateBenchOptions& options, Runtime& runtime,
                                              Progress& progress) {
  auto sender =
      runtime.sender(counted(), {.producer = "bench", .limits = {.window = options.window}});
  if (!sender) return sender.error();
  const std::uint64_t all = options.keys * options.messages_per_key;
  std::vector<StateBenchTenth> tenths;
  const auto begin = Steady::now();
  std::uint64_t sent = 0;
  Parcel parcel;
  for (std::uint64_t first = 0; first < options.keys; first += keys_at_once) {
    const std::uint64_t last = std::min(first + keys_at_once, options.keys);
    for (std::uint32_t turn = 1; turn <= options.messages_per_key; ++turn) {
      for (std::uint64_t key = first; key < last; ++key) {
        parcel.set_number(key);
        parcel.set_hops(turn);
        parcel.set_padding(text_of(sent, options.payload_bytes));
        if (auto done = sender->send(parcel); !done) return done.error();
        if (++sent < all * (tenths.size() + 1) / 10) continue;
        progress.wait_for(sent);
        tenths.push_back({since(begin), cpu_seconds(), rss_bytes(),
                          usage_of(options.data_dir / "state").bytes,
                          usage_of(options.data_dir / "segments").bytes});
      }
    }
  }
  return tenths;
}

}  // namespace

Result<StateBenchFigures> run_state_bench(const StateBenchOptions& options) {
  Progress progress;
  auto runtime = start_runtime(options, progress);
  if (!runtime) return runtime.error();
  const auto tenths = send_all(options, **runtime, progress);
  if (!tenths) return tenths.error();
  StateBenchFigures figures;
  const double tenth = static_cast<double>(options.keys) * options.messages_per_key / 10;
  figures.first_per_s = tenth / tenths->front().seconds;
  figures.last_per_s = tenth / (tenths->back().seconds - (*tenths)[tenths->size() - 2].seconds);
  figures.ratio = figures.last_per_s / figures.first_per_s;
  // The first tenth finds an empty store, and a machine that others use distorts times.
  const auto cpu_of = [&](std::size_t i) {
    return (*tenths)[i].cpu_seconds - (*tenths)[i - 1].cpu_seconds;
  };
  figures.cpu_ratio = cpu_of(1) / cpu_of(tenths->size() - 1);
  figures.seconds = tenths->back().seconds;
  figures.tenths = *tenths;
  figures.rss_peak_bytes = rss_peak_bytes();
  const UpkeepStats upkeep = (*runtime)->upkeep_stats();
  figures.checkpoints = upkeep.checkpoints;
  figures.states = upkeep.states;

  auto begin = Steady::now();
  if (auto stopped = (*runtime)->stop(); !stopped) return stopped.error();
  runtime->reset();
  figures.stop_s = since(begin);
  figures.state_disk_bytes = usage_of(options.data_dir / "state").bytes;
  figures.log_disk_bytes = usage_of(options.data_dir / "segments").bytes;
  figures.checkpoint_bytes = usage_of(options.data_dir, "checkpoint-").newest;

  begin = Steady::now();
  runtime = start_runtime(options, progress);
  if (!runtime) return runtime.error();
  figures.restart_s = since(begin);
  const bool is_kept = options.keep_state.count() == 0;
  for (std::uint64_t i = 0; i < std::min(samples, options.keys); ++i) {
    const std::uint64_t key = is_kept ? i * options.keys / samples : i;
    const auto view = (*runtime)->key(queue_name, "order-" + std::to_string(key));
    const bool is_whole = view && view->history.size() == options.messages_per_key;
    if (is_whole != is_kept) ++figures.missing;
  }
  figures.wrong = progress.wrong();
  if (auto stopped = (*runtime)->stop(); !stopped) return stopped.error();
  return figures;
}

}  // namespace millrace::bench
