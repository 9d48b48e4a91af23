#include "tests/log/model_server.hpp"

#include <chrono>
#include <utility>

#include <gtest/gtest.h>

namespace millrace::logs {
namespace {

Error unreachable() {
  return {ErrorCode::log_unreachable, "the model's server does not answer"};
}

}  // namespace

ModelClient ModelServer::make_client() {
  const std::lock_guard lock(mutex_);
  return {deaths_};
}

Result<void> ModelServer::run(const ModelClient& client, const Transaction& transaction) {
  const std::lock_guard lock(mutex_);
  return is_reachable(client) ? transaction(data_) : Result<void>(unreachable());
}

Result<void> ModelServer::write(const ModelClient& client, const Transaction& transaction) {
  std::unique_lock lock(mutex_);
  if (stalls_) {
    ++stalled_;
    changed_.notify_all();
    const std::uint64_t failovers = failovers_;
    changed_.wait(lock,
                  [&] { return !stalls_ || client.born != deaths_ || failovers_ != failovers; });
    --stalled_;
    if (failovers_ != failovers) return unreachable();
  }
  if (!is_reachable(client)) return unreachable();
  if (fails_) return Error{ErrorCode::storage_failed, "the model's server refuses"};
  if (is_full_) return Error{ErrorCode::storage_full, "the model's server has no room"};
  if (auto done = transaction(data_); !done) return done;
  if (std::exchange(is_cut_before_replication_, false)) {
    is_cut_ = true;
    return unreachable();
  }
  replicated_ = data_;
  if (!std::exchange(is_cut_after_commit_, false)) return {};
  is_cut_ = true;
  return unreachable();
}

void ModelServer::await_reachable(const ModelClient& client,
                                  std::chrono::steady_clock::time_point until,
                                  const std::function<bool()>& is_enough) {
  std::unique_lock lock(mutex_);
  changed_.wait_until(lock, until, [&] { return is_reachable(client) || is_enough(); });
}

void ModelServer::wake() {
  { const std::lock_guard lock(mutex_); }
  changed_.notify_all();
}

void ModelServer::set(bool ModelServer::*what, bool value) {
  {
    const std::lock_guard lock(mutex_);
    this->*what = value;
  }
  changed_.notify_all();
}

void ModelServer::kill() {
  {
    const std::lock_guard lock(mutex_);
    ++deaths_;
    stalls_ = fails_ = false;
  }
  changed_.notify_all();
}

void ModelServer::cut(bool is_cut) {
  set(&ModelServer::is_cut_after_commit_, false);
  set(&ModelServer::is_cut_, is_cut);
}

void ModelServer::cut_after_commit() {
  set(&ModelServer::is_cut_after_commit_, true);
}

void ModelServer::cut_before_replication() {
  set(&ModelServer::is_cut_before_replication_, true);
}

void ModelServer::fail_over() {
  {
    const std::lock_guard lock(mutex_);
    data_ = replicated_;
    stalls_ = false;
    ++failovers_;
  }
  changed_.notify_all();
}

void ModelServer::fill(bool is_full) {
  set(&ModelServer::is_full_, is_full);
}

void ModelServer::stall(bool stalls) {
  set(&ModelServer::stalls_, stalls);
}

void ModelServer::await_stalled() {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return stalled_ > 0; }));
}

void ModelServer::fail_writes(bool fails) {
  set(&ModelServer::fails_, fails);
}

void ModelServer::damage_newest_checkpoint() {
  const std::lock_guard lock(mutex_);
  ASSERT_FALSE(data_.checkpoints.empty());
  data_.checkpoints.rbegin()->second.is_damaged = true;
}

}  // namespace millrace::logs
