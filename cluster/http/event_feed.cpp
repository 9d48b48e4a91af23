#include "cluster/http/event_feed.hpp"

#include <utility>

#include "cluster/http/routes/views_json.hpp"

namespace millrace::http {
namespace {

constexpr std::array<const char*, EventFeed::kinds> names{"status", "members", "queues"};

}  // namespace

EventFeed::EventFeed(NodeApi& api, std::chrono::milliseconds interval)
    : api_(api), interval_(interval), thread_([this] { run(); }) {}

EventFeed::~EventFeed() {
  stop();
}

void EventFeed::join() {
  const std::lock_guard lock(mutex_);
  ++listeners_;
  changed_.notify_all();
}

void EventFeed::leave() {
  const std::lock_guard lock(mutex_);
  --listeners_;
}

void EventFeed::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EventFeed::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait(lock, [this] { return stopping_ || listeners_ > 0; });
    if (stopping_) return;
    lock.unlock();
    Json members = Json::array();
    for (const Member& member : api_.members()) members.push_back(to_json(member));
    Json queues = Json::array();
    for (const QueueInfo& queue : api_.queues()) {
      Json json = to_json(queue, 0);
      json.erase("oldest_age_s");  // else it would change all the time
      queues.push_back(std::move(json));
    }
    const std::string status = dump(to_json(api_.status(), api_.ready()));
    lock.lock();
    publish({status, dump(members), dump(queues)});
    changed_.wait_for(lock, interval_, [this] { return stopping_; });
  }
}

void EventFeed::publish(std::array<std::string, kinds> data) {
  for (std::size_t i = 0; i < kinds; ++i) {
    if (state_[i].version != 0 && state_[i].data == data[i]) continue;
    ++state_[i].version;
    state_[i].data = std::move(data[i]);
  }
  changed_.notify_all();
}

std::string EventFeed::next(Position& position, std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  const auto is_news = [&] {
    for (std::size_t i = 0; i < kinds; ++i) {
      if (state_[i].version != position.seen[i]) return true;
    }
    return false;
  };
  changed_.wait_for(lock, timeout, [&] { return stopping_ || is_news(); });
  std::string text;
  for (std::size_t i = 0; i < kinds; ++i) {
    if (state_[i].version == position.seen[i]) continue;
    position.seen[i] = state_[i].version;
    text += std::string("event: ") + names[i] + "\ndata: " + state_[i].data + "\n\n";
  }
  return text;
}

}  // namespace millrace::http
