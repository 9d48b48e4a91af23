// RecordingListener: records the calls of a transport and lets a test wait for them. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cluster/transport/transport.hpp"

namespace millrace::transport {

/// The recorded calls for one peer.
struct Told {
  int ups = 0;
  int downs = 0;
  int writable = 0;
  std::uint64_t incarnation = 0;
  Error last_down{};
  std::vector<std::string> frames;
  std::size_t frame_count = 0;
  bool is_up = false;
  std::vector<std::string> violations;  // broken promises of TransportListener
};

class RecordingListener : public TransportListener {
 public:
  void on_up(const std::string& peer, std::uint64_t incarnation) override {
    change(peer, [&](Told& told) {
      if (told.is_up) told.violations.emplace_back("up twice");
      told.is_up = true;
      ++told.ups;
      told.incarnation = incarnation;
    });
  }
  void on_frame(const std::string& peer, Frame frame, Credit credit) override {
    change(peer, [&](Told& told) {
      if (!told.is_up) told.violations.emplace_back("a frame while down");
      ++told.frame_count;
      if (is_keeping_frames) told.frames.push_back(std::move(frame.bytes));
      if (is_keeping_credit) credits_.push_back(std::move(credit));
    });
  }
  void on_writable(const std::string& peer) override {
    change(peer, [&](Told& told) {
      if (!told.is_up) told.violations.emplace_back("writable while down");
      ++told.writable;
    });
  }
  void on_down(const std::string& peer, const Error& reason) override {
    change(peer, [&](Told& told) {
      if (!told.is_up) told.violations.emplace_back("down twice");
      told.is_up = false;
      ++told.downs;
      told.last_down = reason;
    });
  }

  [[nodiscard]] Told told(const std::string& peer) {
    const std::lock_guard lock(mutex_);
    return told_[peer];
  }
  /// Waits up to 10 s until `holds` is true; returns whether it is.
  [[nodiscard]] bool wait(const std::string& peer, const std::function<bool(const Told&)>& holds,
                          std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [&] { return holds(told_[peer]); });
  }
  [[nodiscard]] bool wait_up(const std::string& peer) {
    return wait(peer, [](const Told& told) { return told.is_up; });
  }
  [[nodiscard]] bool wait_down(const std::string& peer) {
    return wait(peer, [](const Told& told) { return !told.is_up; });
  }
  [[nodiscard]] bool wait_frames(const std::string& peer, std::size_t count) {
    return wait(peer, [count](const Told& told) { return told.frame_count >= count; });
  }
  void let_go() {
    std::vector<Credit> gone;
    const std::lock_guard lock(mutex_);
    gone.swap(credits_);
  }

  bool is_keeping_frames = true;
  bool is_keeping_credit = false;

 private:
  void change(const std::string& peer, const std::function<void(Told&)>& how) {
    const std::lock_guard lock(mutex_);
    how(told_[peer]);
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Told> told_;
  std::vector<Credit> credits_;
};

}  // namespace millrace::transport
