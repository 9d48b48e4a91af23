// PeerLink: where the threads of one peer meet. Senders put frames in and take room from the
// window; the broker moves them to and from the connection; one delivery thread calls the listener.
//
//   send ─▶ outgoing ─▶ broker ═▶ …  … ═▶ broker ─▶ inbox ─▶ delivery ─▶ listener
//
// It outlives connections. All memory of a link is here, and bounded: the outgoing frames by our
// window, the inbox and what the listener still holds by the peer's.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cluster/transport/transport.hpp"

namespace millrace::transport {

/// What a frame counts for beyond its bytes, so that empty frames are bounded as well.
inline constexpr std::size_t frame_overhead_bytes = 64;

[[nodiscard]] constexpr std::size_t charge_of(std::size_t bytes) {
  return bytes + frame_overhead_bytes;
}

class Window {
 public:
  explicit Window(std::size_t limit) : limit_(limit) {}

  /// A frame larger than the window is let through when nothing else is in flight.
  [[nodiscard]] bool has_room(std::size_t charge) const {
    return used_ == 0 || used_ + charge <= limit_;
  }
  void take(std::size_t charge) { used_ += charge; }
  void give_back(std::size_t charge) { used_ -= std::min(charge, used_); }
  /// A new link, on which `used` of the window is taken from the beginning.
  void reset(std::size_t used) { used_ = used; }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
};

/// What the listener is to be told.
struct UpNotice {
  std::uint64_t incarnation;
};
struct FrameNotice {
  Frame frame;
  Credit credit;
};
struct WritableNotice {};
struct DownNotice {
  Error reason;
};
using Notice = std::variant<UpNotice, FrameNotice, WritableNotice, DownNotice>;

/// What the broker is to write.
struct Outgoing {
  std::deque<Frame> frames{};
  std::size_t credit = 0;            ///< let go of here since the last time
  std::optional<Error> rejection{};  ///< instead of the others: end the link
};

class PeerLink final : public CreditLedger, public std::enable_shared_from_this<PeerLink> {
 public:
  PeerLink(std::string peer, std::size_t window_bytes, std::size_t frame_bytes_max);

  /// `wake_broker` is called when take has something to give, `wake_delivery` when next has, under
  /// the lock of this link, so that neither runs any more when detach has returned. From then on
  /// next has nothing to give, either.
  void attach(std::function<void()> wake_broker, std::function<void()> wake_delivery);
  void detach();

  // Any thread.
  Result<void> send(Frame&& frame);
  void release(std::size_t charge) override;
  /// Ends the link that the delivery thread is at; nothing where that is over.
  void reject(Error reason);
  [[nodiscard]] LinkStatus status() const;
  [[nodiscard]] const std::string& peer() const { return peer_; }
  /// From now on send fails with `draining`.
  void drain();

  // The broker's.
  /// Before a welcome is written: the charge that it names, and counting begins anew.
  [[nodiscard]] std::size_t begin();
  void up(std::uint64_t incarnation, std::size_t held_by_peer);
  /// Drops what was not delivered. Nothing where it is not up but that the reason is kept.
  void down(Error reason);
  [[nodiscard]] Outgoing take();
  /// False when the peer did not keep to its window.
  [[nodiscard]] bool received(Frame frame);
  void credited(std::size_t charge);
  /// Down, or nothing sent that the peer has not worked off.
  [[nodiscard]] bool is_idle() const;

  // The delivery thread's.
  [[nodiscard]] std::optional<Notice> next();

 private:
  using Lock = std::lock_guard<std::mutex>;
  // Both with the lock held.
  void wake_broker();
  void notify(Notice notice);

  const std::string peer_;
  const std::size_t frame_bytes_max_;
  mutable std::mutex mutex_;
  std::function<void()> wake_broker_;
  std::function<void()> wake_delivery_;
  bool is_broker_awake_ = false;
  bool is_delivery_awake_ = false;

  bool is_detached_ = false;
  bool is_up_ = false;
  bool is_draining_ = false;
  std::uint64_t incarnation_ = 0;
  std::string last_error_;
  std::optional<Error> rejection_;  // of this link, which the broker is to end
  Window sent_;
  std::deque<Frame> outgoing_;
  std::optional<std::size_t> refused_charge_;  // of the smallest send that was refused
  bool is_writable_noticed_ = false;           // such a notice waits in the inbox
  Window received_;
  std::size_t unannounced_credit_ = 0;
  std::deque<Notice> inbox_;
};

/// Until nothing is left. One thread a link at a time.
void deliver(PeerLink& link, TransportListener& listener);

}  // namespace millrace::transport
