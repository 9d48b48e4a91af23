// Members: the shell around membership_core: one thread that speaks in time, and frames between
// nodes that carry what is said.
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

/// pb::Heartbeat. Numbers below 16 are the federation's.
constexpr transport::FrameKind heartbeat_frame{16};

/// A member as this node sees it.
struct MemberView {
  std::string name;
  std::string address;
  std::uint64_t incarnation = 0;  ///< 0: never heard of
  pb::MemberState state = pb::MEMBER_UNKNOWN;
  bool is_self = false;
  bool is_unreachable = false;
};

/// Thread-safe. The transport outlives it.
class Members {
 public:
  struct Options {
    membership::Limits limits;
    pb::NodeId self;
    std::map<std::string, std::string> others;  ///< address by name
    /// A later start of this node is in the cluster: this one must end. On a thread of Members or
    /// of the transport.
    std::function<void()> on_fenced;
  };

  Members(Options options, transport::Transport& transport, const Clock& clock);
  ~Members();
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;

  void start();
  /// Says no more. A second call does nothing.
  void stop();

  /// This node moves on to `state`, and tells the others at once.
  void advance(pb::MemberState state);

  /// A heartbeat came from `peer`. Fails with `protocol` where the bytes are none, or not of that
  /// peer.
  [[nodiscard]] Result<void> take(const std::string& peer, const std::string& bytes);

  /// All members, this node among them, by name.
  [[nodiscard]] std::vector<MemberView> view() const;

 private:
  void run();
  void carry_out(const membership::Effects& effects);

  const Options options_;
  transport::Transport& transport_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool is_stopping_ = false;
  membership::Membership membership_;
  std::thread thread_;
};

}  // namespace millrace::cluster
