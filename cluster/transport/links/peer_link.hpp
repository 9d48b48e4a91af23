// PeerLink: the queues of one peer, shared by its threads. Senders append frames within the window;
// the broker moves frames to and from the connection; one delivery thread calls the listener.
//
//   send ─▶ outgoing ─▶ broker ═▶ …  … ═▶ broker ─▶ inbox ─▶ delivery ─▶ listener
//
// A PeerLink outlives its connections. Its memory is bounded: outgoing frames by this node's
// window, the inbox and the frames whose credit the listener holds by the peer's window.
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

/// Charge of a frame beyond its bytes, so that empty frames are bounded too.
inline constexpr std::size_t frame_overhead_bytes = 64;

[[nodiscard]] constexpr std::size_t charge_of(std::size_t bytes) {
  return bytes + frame_overhead_bytes;
}

/// Bytes in flight on a link in one direction. Sender and receiver count the same charges; the
/// receiver ends a link whose sender exceeds the window. Not thread-safe.
class Window {
 public:
  explicit Window(std::size_t limit) : limit_(limit) {}

  /// Whether `charge` fits. A frame larger than the window fits when nothing else is in flight.
  [[nodiscard]] bool has_room(std::size_t charge) const {
    return used_ == 0 || used_ + charge <= limit_;
  }
  void take(std::size_t charge) { used_ += charge; }
  void give_back(std::size_t charge) { used_ -= std::min(charge, used_); }
  /// Starts a new link on which `used` bytes of the window are occupied.
  void reset(std::size_t used) { used_ = used; }
  [[nodiscard]] std::size_t used() const { return used_; }

 private:
  std::size_t limit_;
  std::size_t used_ = 0;
};

/// Notices: the pending calls of the listener.
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

/// Data for the broker to write.
struct Outgoing {
  std::deque<Frame> frames{};
  std::size_t credit = 0;            ///< charge released since the last take()
  std::optional<Error> rejection{};  ///< if set, end the link and ignore the other fields
};

class PeerLink final : public CreditLedger, public std::enable_shared_from_this<PeerLink> {
 public:
  PeerLink(std::string peer, std::size_t window_bytes, std::size_t frame_bytes_max);

  /// Sets the callbacks: `wake_broker` is called when take() has data, `wake_delivery` when next()
  /// has a notice. Both run under this link's lock, also within attach(), on any thread. They must
  /// not call this link (deadlock) or throw (the link would never wake that side again). After
  /// detach() neither is called, and next() returns nullopt.
  void attach(std::function<void()> wake_broker, std::function<void()> wake_delivery);
  void detach();

  // Any thread.
  Result<void> send(Frame&& frame);
  void release(std::size_t charge) override;
  /// Ends the link whose notices are being delivered; does nothing if that link is down.
  void reject(Error reason);
  [[nodiscard]] LinkStatus status() const;
  [[nodiscard]] const std::string& peer() const { return peer_; }
  /// From now on send fails with `draining`.
  void drain();

  // Called by the broker only.
  /// Call before writing a welcome: resets the counts and returns the held charge to state in it.
  [[nodiscard]] std::size_t begin();
  void up(std::uint64_t incarnation, std::size_t held_by_peer, std::uint64_t features = 0);
  /// Drops undelivered frames and queues on_down. If the link is not up, only keeps `reason`.
  void down(Error reason);
  [[nodiscard]] Outgoing take();
  /// Returns false if the peer exceeded its window.
  [[nodiscard]] bool received(Frame frame);
  void credited(std::size_t charge);
  /// Whether the link is down, or the peer has released all credit.
  [[nodiscard]] bool is_idle() const;

  // Called by the delivery thread only.
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
  std::uint64_t features_ = 0;  // of the peer
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

/// A peer and its link.
struct PeerEntry {
  Peer peer;
  std::shared_ptr<PeerLink> link;
  bool is_removed = false;  ///< taken out of the configuration: no link is made or accepted
};

/// Passes the notices of `link` to `listener` until none is left. Not concurrently for one link.
void deliver(PeerLink& link, TransportListener& listener);

}  // namespace millrace::transport
