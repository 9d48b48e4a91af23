// Members: runs membership_core. One thread sends heartbeats as frames; received heartbeats update
// the view of the cluster.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "actors/base/clock.hpp"
#include "cluster/membership/core/membership_core.hpp"
#include "cluster/transport/transport.hpp"

namespace millrace::cluster {

/// Frame kind of pb::Heartbeat. Kinds below 16 belong to cluster/federation.
constexpr transport::FrameKind heartbeat_frame{16};

/// "joining", "up", "leaving", "removed"; "unknown" for any other value.
[[nodiscard]] std::string to_text(pb::MemberState state);

/// A member as this node sees it.
struct MemberView {
  std::string name;
  std::string address;
  std::uint64_t incarnation = 0;  ///< 0: no heartbeat received yet
  pb::MemberState state = pb::MEMBER_UNKNOWN;
  bool is_self = false;
  bool is_unreachable = false;
};

/// Thread-safe, except start() and stop(). `transport` and `clock` must outlive this object.
class Members {
 public:
  struct Options {
    membership::Limits limits;
    pb::NodeId self;
    std::map<std::string, std::string> others;  ///< address by name
    /// Called when a later incarnation of this node exists; this process must end. Runs on the
    /// thread of Members or of the caller of take(). Must not throw (an exception on the thread of
    /// Members would terminate the process) or call stop(), which joins that thread.
    std::function<void()> on_fenced;
  };

  Members(Options options, transport::Transport& transport, const Clock& clock);
  ~Members();
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  void start();
  /// Stops sending heartbeats and waits for the thread to end. A second call does nothing; must not
  /// be called concurrently.
  void stop();

  /// Sets this node's state and sends it to the others at once.
  void advance(pb::MemberState state);

  /// Sets where this node is reached, as it tells the others.
  void set_address(const std::string& address);

  /// Replaces the other nodes: their addresses by name.
  void set_others(std::map<std::string, std::string> others);

  /// Applies a heartbeat frame of `peer`. Fails with `protocol`: the bytes do not parse, or name
  /// another node.
  [[nodiscard]] Result<void> take(const std::string& peer, const std::string& bytes);

  /// Returns all members including this node, sorted by name.
  [[nodiscard]] std::vector<MemberView> view() const;

 private:
  void run();
  void carry_out(const membership::Effects& effects);

  const Options options_;
  transport::Transport& transport_;
  const Clock& clock_;
  mutable std::mutex mutex_;  ///< guards all below but thread_
  std::map<std::string, std::string> others_;
  std::condition_variable stopping_;
  bool is_stopping_ = false;
  membership::Membership membership_;
  std::thread thread_;
};

}  // namespace millrace::cluster
