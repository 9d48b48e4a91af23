#include "actors/runtime/followed_log.hpp"

#include <utility>

#include <spdlog/spdlog.h>

namespace millrace {

/// Passes everything on to the store, and tells when it begins anew.
class FollowedLog::Visitor final : public logs::FollowVisitor {
 public:
  explicit Visitor(FollowedLog& log) : log_(log) {}

  Result<void> restart(const std::string& reason, logs::FileStore* files) override {
    const logs::FollowMark before = log_.store_->mark();
    if (before.last_lsn > 0) {
      spdlog::info("throws away what it has followed of the log of node {}, up to record {}: {}",
                   log_.node_, before.last_lsn, reason);
    }
    if (files != nullptr) spdlog::info("follows the log of node {}: {}", log_.node_, reason);
    {
      const std::lock_guard lock(log_.mutex_);
      log_.status_.is_complete = false;
      log_.status_.last_lsn = 0;
      if (files != nullptr) ++log_.status_.restarts;
    }
    log_.has_caught_up_ = false;
    return log_.store_->restart(reason, files);
  }
  Result<void> on_entry(logs::Section section, std::string_view bytes) override {
    return log_.store_->on_entry(section, bytes);
  }
  Result<void> on_frame(const logs::Frame& frame) override { return log_.store_->on_frame(frame); }

 private:
  FollowedLog& log_;
};

FollowedLog::FollowedLog(std::string node, std::shared_ptr<logs::Engine> engine,
                         std::unique_ptr<logs::Follower> follower,
                         std::shared_ptr<FollowedStore> store)
    : node_(std::move(node)),
      engine_(std::move(engine)),
      follower_(std::move(follower)),
      store_(std::move(store)) {
  status_.node = node_;
  thread_ = std::thread([this] { run(); });
}

FollowedLog::~FollowedLog() {
  end();
  if (thread_.joinable()) thread_.join();
}

void FollowedLog::end() {
  follower_->cancel();
}

std::shared_ptr<FollowedStore> FollowedLog::take() {
  {
    const std::lock_guard lock(mutex_);
    is_taken_ = true;
  }
  follower_->cancel();
  if (thread_.joinable()) thread_.join();
  auto taken = std::move(store_);
  if (taken != nullptr && !taken->mark().is_complete) taken.reset();
  return taken;
}

FollowStatus FollowedLog::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

// Tells when the log has been read to its end for the first time since a restart.
void FollowedLog::note_step(bool is_new) {
  if (is_new || has_caught_up_ || !store_->mark().is_complete) return;
  has_caught_up_ = true;
  spdlog::info("has caught up with the log of node {} at record {}", node_,
               store_->mark().last_lsn);
}

void FollowedLog::run() {
  Visitor visitor(*this);
  std::string told;
  while (true) {
    const auto advanced = follower_->advance(visitor);
    note_mark();
    if (!advanced && advanced.error().code == ErrorCode::draining) break;
    if (advanced) {
      told.clear();
      note_step(*advanced);
    } else if (told != advanced.error().message) {
      told = advanced.error().message;
      spdlog::warn("cannot follow the log of node {}, and tries again: {}", node_, told);
    }
  }
  bool is_taken = false;
  {
    const std::lock_guard lock(mutex_);
    is_taken = is_taken_;
  }
  if (!is_taken) store_.reset();
}

// After a step that failed, the store may have a part of it: the mark is empty then.
void FollowedLog::note_mark() {
  const logs::FollowMark mark = follower_->mark();
  if (mark.log.empty()) {
    store_->clear();
  } else {
    store_->set_mark(mark);
  }
  const std::lock_guard lock(mutex_);
  status_.is_complete = mark.is_complete;
  status_.last_lsn = mark.is_complete ? mark.last_lsn : 0;
}

}  // namespace millrace
