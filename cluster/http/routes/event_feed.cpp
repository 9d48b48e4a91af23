#include "cluster/http/routes/event_feed.hpp"

#include <array>
#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "cluster/http/json/pause_json.hpp"
#include "cluster/http/json/views_json.hpp"

namespace millrace::http {
namespace {

constexpr std::array kinds{"status", "members", "queues", "overruns", "breakers"};

/// Counts the changes of each kind; 0: there was none yet.
using Versions = std::array<std::uint64_t, kinds.size()>;
using Text = std::shared_ptr<const std::string>;

}  // namespace

/// What the thread and the streams share. Thread-safe.
class EventFeed::Shared {
 public:
  explicit Shared(std::uint32_t streams_max) : streams_max_(streams_max) {}

  [[nodiscard]] bool reserve() {
    const std::lock_guard lock(mutex_);
    if (is_stopping_ || streams_ >= streams_max_) return false;
    ++streams_;
    changed_.notify_all();
    return true;
  }
  void add(Stream& stream) {
    const std::lock_guard lock(mutex_);
    started_.insert(&stream);
  }
  void remove(Stream& stream) {
    const std::lock_guard lock(mutex_);
    started_.erase(&stream);
    --streams_;
  }

  /// False: the feed stops.
  [[nodiscard]] bool wait_for_streams() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_stopping_ || streams_ > 0; });
    return !is_stopping_;
  }
  void wait(std::chrono::milliseconds interval) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, interval, [this] { return is_stopping_; });
  }
  void stop() {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    changed_.notify_all();
  }

  void publish(std::array<std::string, kinds.size()> data);

  /// The events since `seen`, which becomes now; null: none.
  [[nodiscard]] Text since(Versions& seen) {
    const std::lock_guard lock(mutex_);
    if (seen == versions_) return nullptr;
    if (!text_ || text_since_ != seen) {
      std::string text;
      for (std::size_t i = 0; i < kinds.size(); ++i) {
        if (versions_[i] == seen[i]) continue;
        text += std::string("event: ") + kinds[i] + "\ndata: " + data_[i] + "\n\n";
      }
      text_ = std::make_shared<const std::string>(std::move(text));
      text_since_ = seen;
    }
    seen = versions_;
    return text_;
  }

 private:
  const std::uint32_t streams_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Versions versions_{};
  std::array<std::string, kinds.size()> data_{};
  Text text_{};  ///< since text_since_: most streams have seen the same
  Versions text_since_{};
  std::uint32_t streams_ = 0;
  std::set<Stream*> started_{};  ///< of these streams
  bool is_stopping_ = false;
};

class EventFeed::Stream final : public StreamSource {
 public:
  explicit Stream(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}
  ~Stream() override { shared_->remove(*this); }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  void start(StreamWaker waker) override {
    waker_ = std::move(waker);
    shared_->add(*this);
  }
  Text next() override { return shared_->since(seen_); }
  Text keep_alive() override {
    static const auto text = std::make_shared<const std::string>(": still here\n\n");
    return text;
  }

  void wake() const { waker_.wake(); }

 private:
  const std::shared_ptr<Shared> shared_;
  StreamWaker waker_{};
  Versions seen_{};
};

void EventFeed::Shared::publish(std::array<std::string, kinds.size()> data) {
  const std::lock_guard lock(mutex_);
  bool is_news = false;
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (versions_[i] != 0 && data_[i] == data[i]) continue;
    ++versions_[i];
    data_[i] = std::move(data[i]);
    is_news = true;
  }
  if (!is_news) return;
  text_.reset();
  for (const Stream* stream : started_) stream->wake();
}

EventFeed::EventFeed(NodeApi& api, std::chrono::milliseconds interval, std::uint32_t streams_max)
    : api_(api),
      interval_(interval),
      shared_(std::make_shared<Shared>(streams_max)),
      thread_([this] { run(); }) {}

EventFeed::~EventFeed() {
  stop();
}

std::shared_ptr<StreamSource> EventFeed::open() {
  if (!shared_->reserve()) return nullptr;
  return std::make_shared<Stream>(shared_);
}

void EventFeed::stop() {
  shared_->stop();
  if (thread_.joinable()) thread_.join();
}

void EventFeed::run() {
  while (shared_->wait_for_streams()) {
    Json members = Json::array();
    for (const Member& member : api_.members()) members.push_back(to_json(member));
    Json queues = Json::array();
    for (const QueueInfo& queue : api_.queues()) {
      Json json = to_json(queue, 0);
      json["paused"] = pauses_json(queue);
      json.erase("oldest_age_s");  // else it would change all the time
      queues.push_back(std::move(json));
    }
    Json overruns = Json::array();
    Json breakers = Json::array();
    for (const StageCounts& stage : api_.stages()) {
      if (stage.breaker.open_since_us != 0) {
        Json breaker = breaker_json(stage.breaker);
        breaker.erase("probes");  // else it would change all the time
        breakers.push_back({{"pipeline", stage.pipeline},
                            {"stage", stage.stage},
                            {"breaker", std::move(breaker)}});
      }
      if (stage.overran == 0) continue;
      overruns.push_back(
          {{"pipeline", stage.pipeline}, {"stage", stage.stage}, {"overran", stage.overran}});
    }
    shared_->publish({dump(to_json(api_.status(), api_.ready())), dump(members), dump(queues),
                      dump(overruns), dump(breakers)});
    shared_->wait(interval_);
  }
}

}  // namespace millrace::http
