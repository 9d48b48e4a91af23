#include "cluster/node/followed_seats.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <spdlog/spdlog.h>

namespace millrace::cluster {
namespace {

// Below the data directory; the name of a seat does not begin so.
constexpr const char* directory_name = ".followed";
// Between two looks at a log that has nothing new.
constexpr std::chrono::milliseconds look_interval{100};

}  // namespace

void FollowedSeats::look(const std::vector<postgres_log::Seat>& seats) {
  const std::lock_guard lock(mutex_);
  if (is_over_) return;
  for (auto at = followed_.begin(); at != followed_.end();) {
    const bool is_there = std::any_of(seats.begin(), seats.end(),
                                      [&](const auto& seat) { return seat.name == at->first; });
    if (is_there) {
      ++at;
      continue;
    }
    if (at->second.log) at->second.log->end();
    ended_.push_back(std::move(at->second));
    at = followed_.erase(at);
  }
  for (const postgres_log::Seat& seat : seats) {
    // One that is free is taken at once.
    const bool is_held = seat.epoch > 0 && seat.lease_left.count() > 0;
    if (is_held && !followed_.contains(seat.name) && options_.may_take(seat)) follow(seat);
  }
}

void FollowedSeats::follow(const postgres_log::Seat& seat) {
  Followed& followed = followed_[seat.name];
  const auto fail = [&](const Error& error) {
    spdlog::warn("does not follow the log of node {}: {}", seat.name, error.message);
  };
  auto directory = OwnDirectory::take(options_.runtime.data_dir / directory_name, seat.name);
  if (!directory) return fail(directory.error());
  RuntimeOptions runtime = options_.runtime;
  runtime.state_dir = (*directory)->path() / "state";
  auto store = FollowedStore::make(std::move(runtime), options_.pipelines);
  if (!store) return fail(store.error());
  auto follower = options_.engine->follow(seat.name, look_interval);
  if (!follower) return fail({ErrorCode::invalid_argument, "the engine follows no logs"});
  followed.directory = *std::move(directory);
  followed.log = std::make_unique<FollowedLog>(seat.name, options_.engine, std::move(follower),
                                               *std::move(store));
}

std::shared_ptr<FollowedStore> FollowedSeats::take(const std::string& seat) {
  const std::lock_guard lock(mutex_);
  is_over_ = true;
  for (auto& [name, followed] : followed_) {
    if (name != seat && followed.log) followed.log->end();
  }
  const auto found = followed_.find(seat);
  if (found == followed_.end() || !found->second.log) return nullptr;
  return found->second.log->take();
}

std::vector<FollowStatus> FollowedSeats::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<FollowStatus> all;
  for (const auto& [name, followed] : followed_) {
    if (followed.log) all.push_back(followed.log->status());
  }
  return all;
}

std::string text_of(const std::vector<FollowStatus>& follows) {
  std::string text;
  for (const FollowStatus& follow : follows) {
    text += (text.empty() ? "follows " : ", ") + follow.node +
            (follow.is_complete ? " up to record " + std::to_string(follow.last_lsn)
                                : std::string(" from its checkpoint on, which it reads"));
  }
  return text;
}

}  // namespace millrace::cluster
